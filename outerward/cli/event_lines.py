"""An event in the words of a person: what happened, to whom, and what else is worth a line."""

from collections.abc import Callable, Iterator

from outerward.cli.client import Row
from outerward.cli.moments import moment
from outerward.cli.output import NOTHING, value_at
from outerward.plain_text import printable

Name = Callable[[object], str]
"""What to call the user with this id."""

VERBS = {
    "session": "new session",
    "login": "signed in",
    "login_denied": "refused",
    "access_changed": "changed",
    "new_device": "new device",
    "new_country": "new country",
    "logout": "signed out",
    "revoke": "revoked",
    "end": "ended",
    "user_deleted": "deleted",
    "user_erased": "erased",
    "block": "blocked",
    "unblock": "unblocked",
    "token_created": "token made",
    "token_revoked": "token revoked",
    "dashboard_login": "dashboard in",
    "dashboard_logout": "dashboard out",
}
TYPES = VERBS.keys() - {"session"}
"""Those that the API tells; the line of a session that begins is made here."""

_LONGEST = 200
_VERB_WIDTH = max(map(len, VERBS.values()))
_WHO_WIDTH = 24
_CLOCK = "%H:%M:%S"


def line(event: Row, name: Name) -> str:
    """``event`` on one line that begins with the local time of day."""
    at = moment(event.get("at"))
    clock = NOTHING if at is None else f"{at.astimezone():{_CLOCK}}"
    return f"{clock}  {verb(event):<{_VERB_WIDTH}}  {who(event, name):<{_WHO_WIDTH}}  {facts(event)}".rstrip()


def verb(event: Row) -> str:
    """What happened."""
    kind = str(event.get("type"))
    return VERBS.get(kind) or printable(kind)


def who(event: Row, name: Name) -> str:
    """To whom, or to which token."""
    if isinstance(user_id := value_at(event, ("user", "id")), str):
        return name(user_id)
    told = (value_at(event, ("details", detail)) for detail in ("account", "name"))
    return next((printable(text) for text in told if isinstance(text, str) and text), NOTHING)


def facts(event: Row) -> str:
    """Whatever else is known, the most telling first."""
    return ", ".join(printable(text, _LONGEST) for text in _facts(event) if text)


def of_session(session: Row) -> Row:
    """The line of a session that has begun, as an event."""
    location = value_at(session, ("browser_session", "location", "country_code"))
    agent = ("browser_session", "user_agent")
    return {
        "type": "session",
        "at": session.get("created_at"),
        "user": session.get("application_user"),
        "sessions": [session.get("id")],
        "details": {
            "tunnel": value_at(session, ("outerward", "tunnel")),
            "ip_address": value_at(session, ("browser_session", "ip_address")),
            "country_code": location,
            "browser_name": value_at(session, (*agent, "browser_name")),
            "os_name": value_at(session, (*agent, "os_name")),
        },
    }


def _facts(event: Row) -> Iterator[str]:
    details = event.get("details")
    known = {name: str(text) for name, text in details.items() if text} if isinstance(details, dict) else {}
    for detail in ("tunnel", "place", "changed", "reason", "scope"):
        told = known.get(detail, "").replace("_", " ")
        yield "" if told == verb(event) else told
    yield f"with {means}" if (means := known.get("by")) else ""
    yield f"until {until}" if (until := known.get("until")) else ""
    yield " ".join(filter(None, (known.get("ip_address"), known.get("country_code"))))
    device = (known.get("browser_name", ""), known.get("os_name", ""))
    yield known.get("device", "") or " on ".join(filter(None, device))
    yield f'"{note}"' if (note := known.get("note")) else ""
    yield _sessions(event)
    yield _author(event)


def _sessions(event: Row) -> str:
    """Which session it is about, or how many."""
    sessions = event.get("sessions")
    if not isinstance(sessions, list) or not sessions:
        return ""
    return str(sessions[0]) if len(sessions) == 1 else f"{len(sessions)} sessions"


def _author(event: Row) -> str:
    """Who did it, where that is not who it happened to."""
    actor = event.get("actor")
    if not isinstance(actor, str) or actor in ("", "time", value_at(event, ("user", "id"))):
        return ""
    return f"by {actor}"
