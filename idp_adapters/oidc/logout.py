"""Logout: what the provider says of its sessions' ends, and how a browser tells it of one here.

OpenID Connect Back-Channel Logout 1.0 §2.4–§2.6, Front-Channel Logout 1.0 §2, RP-Initiated Logout 1.0 §2.
Pure; a logout token's signature was verified before. Knows nothing of sessions here.
"""

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from idp_adapters.oidc.claims import MAX_SUBJECT, SKEW_S, audiences_of, time_of
from idp_adapters.oidc.session import read_memory
from idp_adapters.provider import (
    LoginError,
    LoginErrorReason,
    LogoutBegun,
    LogoutDemand,
    Parameters,
    Redirect,
    Replay,
)

LOGOUT_TYPES = ("logout+jwt", "jwt")
"""What ``typ`` a logout token may have, beside none (Back-Channel Logout §2.4)."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE_S = 600
"""How old a logout token may be: the provider sends it as the session ends."""
_STATE_BYTES = 32
_MOST_TEXT = 1000

Claims = Mapping[str, object]


def names_of(subject: str, session_id: str) -> tuple[str, ...]:
    """The names that the provider may end a login's session by: ``sub``, ``sid``, or both together."""
    if not session_id:
        return (_of_subject(subject),)
    return (_of_subject(subject), _of_session(session_id), _of_both(subject, session_id))


def logout_token_in(parameters: Parameters) -> str:
    """The one ``logout_token`` of a back-channel request. Raises LoginError (*invalid_response*)."""
    tokens = [value for name, value in parameters if name == "logout_token"]
    if len(tokens) != 1:
        raise LoginError("invalid_response", "not exactly one logout_token")
    return tokens[0]


def read_logout_claims(claims: Claims, issuer: str, client_id: str, now: float) -> LogoutDemand:
    """What a logout token demands, by its verified ``claims``; ``now`` is Unix time in seconds.

    Raises LoginError with the first rule that is broken (Back-Channel Logout §2.6).
    """
    for reason, problem in _CHECKS:
        broken = problem(claims, (issuer, client_id, now))
        if broken:
            raise LoginError(reason, f"logout token: {broken}")
    subject, session_id = str(claims.get("sub") or ""), str(claims.get("sid") or "")
    if not session_id:
        name = _of_subject(subject)
    else:
        name = _of_both(subject, session_id) if subject else _of_session(session_id)
    # A second more than it would be taken for: at its very end it must not count twice.
    until = (time_of(claims, "exp") or now) + SKEW_S + 1
    return LogoutDemand(
        names=(name,),
        replay=Replay(key=f"oidc-logout {issuer} {claims['jti']}", until=min(until, now + 2 * MAX_AGE_S)),
    )


def read_front_channel(parameters: Parameters, issuer: str) -> LogoutDemand:
    """What a front-channel request demands; both ``iss`` and ``sid`` must be there, once each, and fit.

    Raises LoginError (*invalid_response*).
    """
    counted = Counter(name for name, _ in parameters)
    values = dict(parameters)
    if counted["iss"] != 1 or counted["sid"] != 1:
        raise LoginError("invalid_response", "front-channel logout without one iss and one sid")
    if values["iss"] != issuer:
        raise LoginError("invalid_response", "front-channel logout of another issuer")
    if not values["sid"] or len(values["sid"]) > _MOST_TEXT:
        raise LoginError("invalid_response", "front-channel logout without a usable sid")
    return LogoutDemand(names=(_of_session(values["sid"]),))


def begin_logout(
    end_session_endpoint: str,
    memory: bytes,
    client_id: str,
    signed_out: str,
    random_bytes: Callable[[int], bytes],
) -> LogoutBegun:
    """The logout request of the session that ``memory`` is of (RP-Initiated Logout §2).

    A memory that cannot be read only leaves out the hint: the provider then asks the person.
    """
    state = urlsafe_b64encode(random_bytes(_STATE_BYTES)).rstrip(b"=").decode("ascii")
    parameters = {"client_id": client_id, "post_logout_redirect_uri": signed_out, "state": state}
    session = read_memory(memory)
    if session is not None:
        parameters["id_token_hint"] = session.id_token
    joint = "&" if "?" in end_session_endpoint else "?"
    return LogoutBegun(sending=Redirect(f"{end_session_endpoint}{joint}{urlencode(parameters)}"), state=state)


def _of_subject(subject: str) -> str:
    return f"sub {subject}"


def _of_session(session_id: str) -> str:
    return f"sid {session_id}"


def _of_both(subject: str, session_id: str) -> str:
    return f"both {len(subject)} {subject} {session_id}"


_Expected = tuple[str, str, float]


def _issuer(claims: Claims, expected: _Expected) -> str:
    return "" if claims.get("iss") == expected[0] else "iss is another issuer"


def _audience(claims: Claims, expected: _Expected) -> str:
    return "" if expected[1] in audiences_of(claims) else "aud does not name this client"


def _issued(claims: Claims, expected: _Expected) -> str:
    issued = time_of(claims, "iat")
    if issued is None:
        return "iat is missing or not a time"
    if issued - expected[2] > SKEW_S:
        return f"iat is {issued - expected[2]:.0f} s ahead of our clock"
    return "" if expected[2] - issued <= MAX_AGE_S else f"iat is {expected[2] - issued:.0f} s ago"


def _expiry(claims: Claims, expected: _Expected) -> str:
    expires = time_of(claims, "exp")
    if expires is None:
        return "exp is missing or not a time"
    return "" if expected[2] - expires <= SKEW_S else "it has expired"


def _identifier(claims: Claims, _: _Expected) -> str:
    jti = claims.get("jti")
    return "" if isinstance(jti, str) and 0 < len(jti) <= _MOST_TEXT else "jti is missing or not a string"


def _event(claims: Claims, _: _Expected) -> str:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        return "events does not hold the back-channel logout event"
    return ""


def _no_nonce(claims: Claims, _: _Expected) -> str:
    return "it has a nonce" if "nonce" in claims else ""


def _whose(claims: Claims, _: _Expected) -> str:
    subject, session_id = claims.get("sub"), claims.get("sid")
    if not subject and not session_id:
        return "neither sub nor sid is there"
    for name, value, most in (("sub", subject, MAX_SUBJECT), ("sid", session_id, _MOST_TEXT)):
        if value is not None and (not isinstance(value, str) or not 0 < len(value) <= most):
            return f"{name} is not a usable string"
    return ""


_CHECKS: tuple[tuple[LoginErrorReason, Callable[[Claims, _Expected], str]], ...] = (
    ("invalid_token", _issuer),
    ("invalid_token", _audience),
    ("invalid_token", _issued),
    ("invalid_token", _expiry),
    ("invalid_token", _identifier),
    ("invalid_token", _event),
    ("invalid_token", _no_nonce),
    ("invalid_token", _whose),
)
