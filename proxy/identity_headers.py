"""The identity headers for the upstream: names by preset, values from the session's principal.

Inbound copies are removed in ``head``; what stands here is added afterwards, so that no ``Connection`` line
and no spelling can take it away again.
"""

from collections.abc import Callable, Sequence

from proxy.settings import HeaderPreset
from session_store import ApplicationSession, Principal


def _groups(principal: Principal) -> str:
    return ",".join(group.replace(",", "%2C") for group in principal.groups)


def _email(principal: Principal) -> str:
    return principal.email if principal.email_verified else ""


def _username_or_email(principal: Principal) -> str:
    return principal.username or _email(principal)


_PRESETS: dict[HeaderPreset, tuple[tuple[str, Callable[[Principal], str]], ...]] = {
    "x-forwarded": (
        ("X-Forwarded-User", lambda principal: principal.subject),
        ("X-Forwarded-Email", _email),
        ("X-Forwarded-Preferred-Username", lambda principal: principal.username),
        ("X-Forwarded-Groups", _groups),
    ),
    "x-auth-request": (
        ("X-Auth-Request-User", lambda principal: principal.subject),
        ("X-Auth-Request-Email", _email),
        ("X-Auth-Request-Preferred-Username", lambda principal: principal.username),
        ("X-Auth-Request-Groups", _groups),
    ),
    "remote-user": (
        ("Remote-User", _username_or_email),
        ("Remote-Email", _email),
        ("Remote-Name", lambda principal: principal.name),
        ("Remote-Groups", _groups),
    ),
    "ngrok": (
        ("ngrok-auth-user-id", lambda principal: principal.subject),
        ("ngrok-auth-user-email", _email),
        ("ngrok-auth-user-name", lambda principal: principal.name),
    ),
}


def identity_lines(session: ApplicationSession, presets: Sequence[HeaderPreset]) -> bytes:
    """The header lines that tell the upstream who is asking, UTF-8, each with its line end.

    An empty value is not sent. A value with a control character refused the login, so none can be here; one
    that is here all the same is an error, not a header.
    """
    lines: list[bytes] = []
    for preset in presets:
        for name, value_of in _PRESETS[preset]:
            value = value_of(session.principal)
            if value:
                lines.append(header_line(name, value))
    lines.append(header_line("X-Outerward-Session", session.id))
    return b"".join(lines)


def header_line(name: str, value: str) -> bytes:
    """One header line. Raises ValueError for a value that is none."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError(f"a control character in the value of {name}")
    return f"{name}: {value}\r\n".encode()
