"""The way back: which callback is the answer to a login of ours, and which code it brings.

RFC 6749 §4.1.2, RFC 9207 §2.4, RFC 9700 §4.4. Pure. Tokens in the front channel are never looked at
(RFC 9700 §2.1.2).
"""

import hmac
import re
from collections import Counter
from collections.abc import Callable, Sequence

from idp_adapters.oidc.authorization import LoginTransaction
from idp_adapters.provider import LoginError

PROTOCOL_PARAMETERS = frozenset(
    {
        "access_token",
        "code",
        "error",
        "error_description",
        "error_uri",
        "expires_in",
        "id_token",
        "iss",
        "response",
        "scope",
        "session_state",
        "state",
        "token_type",
    }
)
"""Names that have a meaning in an authorization response; any of them twice is nobody's answer."""

_CODE = re.compile(r"[ -~]{1,4096}")


def read_callback(
    parameters: Sequence[tuple[str, str]],
    transaction: LoginTransaction,
    *,
    announces_issuer: bool,
    may_answer: Callable[[str], bool] | None = None,
) -> str:
    """The authorization code in ``parameters``, which must be the answer to ``transaction``.

    ``may_answer`` tells which issuers the provider that was asked answers as; None: as the login's alone.

    Raises LoginError: *invalid_response*, *denied* when the person or the provider said no, *provider_error*
    for any other error that the provider reports.
    """
    values = dict(_once(parameters))
    state = values.get("state", "").encode("utf-8", "replace")
    if not hmac.compare_digest(state, transaction.state.encode()):
        raise _invalid("the state is not that of the login")
    issuer = values.get("iss")
    if issuer is None and announces_issuer:
        raise _invalid("iss is missing, though the provider announces it")
    if issuer is not None and not (may_answer(issuer) if may_answer else issuer == transaction.issuer):
        raise _invalid(f"not the provider that was asked answers, but {issuer!a}")
    if "error" in values:
        raise _reported(values["error"], values.get("error_description", ""))
    code = values.get("code", "")
    if not _CODE.fullmatch(code):
        raise _invalid("there is no code, or one that cannot be")
    return code


def _once(parameters: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    known = [(name, value) for name, value in parameters if name in PROTOCOL_PARAMETERS]
    doubled = sorted(name for name, times in Counter(name for name, _ in known).items() if times > 1)
    if doubled:
        raise _invalid(f"given more than once: {', '.join(doubled)}")
    return known


def _reported(error: str, description: str) -> LoginError:
    text = f"{error!a}: {description!a}" if description else f"{error!a}"
    return LoginError("denied" if error == "access_denied" else "provider_error", text)


def _invalid(detail: str) -> LoginError:
    return LoginError("invalid_response", detail)
