"""What an authorization request asks of the demo's provider, checked (RFC 6749 §4.1.1, OpenID Core §3.1.2).

Pure: parameters in, a request or a refusal out. Only the code flow with PKCE S256 exists.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})
_UNSUPPORTED = {"request": "request_not_supported", "request_uri": "request_uri_not_supported"}


@dataclass(frozen=True, slots=True)
class Client:
    """The one application that is registered with the provider."""

    id: str
    secret: str
    name: str
    redirect_uris: frozenset[str]
    signed_out_uris: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Authorization:
    """A valid request; ``max_age_s`` is the oldest sign-in that will do, None where any will."""

    redirect_uri: str
    state: str | None
    nonce: str | None
    scopes: frozenset[str]
    challenge: str
    prompts: frozenset[str]
    max_age_s: int | None

    def answer(self, issuer: str, **parameters: str) -> str:
        """The redirect URI with an answer: the state sent back, the issuer named (RFC 9207)."""
        return answer_url(self.redirect_uri, issuer, self.state, parameters)

    @property
    def origin(self) -> str:
        """The origin of the redirect URI."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


class NoRedirectError(Exception):
    """Not a request of a known client to a known address: the browser must not be sent anywhere."""


class RefusedError(Exception):
    """A request of a known client that is refused; ``url`` carries the error back to it."""

    def __init__(self, url: str) -> None:
        super().__init__("refused")
        self.url = url


def read(pairs: Sequence[tuple[str, str]], client: Client, issuer: str) -> Authorization:
    """The request in ``pairs``, parameters in order. Raises NoRedirectError or RefusedError."""
    values = dict(pairs)
    if values.get("client_id") != client.id:
        raise NoRedirectError("No application is registered under this client_id.")
    redirect_uri = values.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise NoRedirectError("The application is not registered with this redirect_uri.")
    names = [name for name, _ in pairs]
    doubled = len(names) != len(set(names))
    state = values.get("state") if names.count("state") == 1 else None
    if error := "invalid_request" if doubled else _error(values):
        raise RefusedError(answer_url(redirect_uri, issuer, state, {"error": error}))
    max_age = values.get("max_age")
    return Authorization(
        redirect_uri=redirect_uri,
        state=state,
        nonce=values.get("nonce"),
        scopes=frozenset(values["scope"].split()),
        challenge=values["code_challenge"],
        prompts=frozenset(values.get("prompt", "").split()),
        max_age_s=None if max_age is None else int(max_age),
    )


def answer_url(redirect_uri: str, issuer: str, state: str | None, parameters: Mapping[str, str]) -> str:
    """``redirect_uri`` with ``parameters``, the state and the issuer in its query."""
    query = dict(parameters) | ({} if state is None else {"state": state}) | {"iss": issuer}
    return redirect_uri + ("&" if urlsplit(redirect_uri).query else "?") + urlencode(query)


def _error(values: Mapping[str, str]) -> str:
    """The error code that ``values`` deserve; empty where they are in order."""
    for name, error in _UNSUPPORTED.items():
        if name in values:
            return error
    if values.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in values.get("scope", "").split():
        return "invalid_scope"
    prompts = frozenset(values.get("prompt", "").split())
    sound = (
        values.get("response_mode", "query") == "query"
        and values.get("code_challenge_method") == "S256"
        and _CHALLENGE.fullmatch(values.get("code_challenge", ""))
        and prompts <= _PROMPTS
        and ("none" not in prompts or len(prompts) == 1)
        and (values.get("max_age", "0").isascii() and values.get("max_age", "0").isdigit())
    )
    return "" if sound else "invalid_request"
