"""What an administrator asks of lists: each as a path of the admin API, and how many rows it should find.

The marked sessions of a population are as many in each size, so a question about them costs the same, or it
costs what does not match. Knows no HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from bench.population import (
    DAY_MS,
    MARKED_AGO_MS,
    MARKED_COUNTRY,
    MARKED_NETWORK,
    MARKED_PROVIDER,
    MARKED_TUNNEL,
)
from session_store.records import Milliseconds

_SESSIONS, _USERS = "/app/sessions", "/app/users"


@dataclass(frozen=True, slots=True)
class Question:
    """What a table calls it, and where it is asked. ``same``: as many rows match whatever the size."""

    title: str
    path: str
    same: bool = True


def questions(end: Milliseconds, marked: Mapping[str, str]) -> list[Question]:
    """All of them. ``marked`` has ids of one marked session and its user."""
    user, session = marked["user"], marked["session"]
    tunnel = f'obj.tunnel == "{MARKED_TUNNEL}"'
    country = f'obj.country_code == "{MARKED_COUNTRY}"'
    middle = end - MARKED_AGO_MS
    created = f"{_between('created_at', middle - 90_000, middle + 90_000)} && {tunnel}"
    filters = {
        "tunnel ==": tunnel,
        "tunnel in": f'obj.tunnel in ["{MARKED_TUNNEL}", "nowhere"]',
        "tunnel startsWith": f'obj.tunnel.startsWith("{MARKED_TUNNEL[:4]}")',
        "identity_provider ==": f'obj.identity_provider == "{MARKED_PROVIDER}"',
        "identity_provider startsWith": f'obj.identity_provider.startsWith("{MARKED_PROVIDER[:4]}")',
        "country_code ==": country,
        "ip_address ==": 'obj.ip_address == "198.51.100.7"',
        "inCidr": f'inCidr(obj.ip_address, "{MARKED_NETWORK}")',
        "application_user_id ==": f'obj.application_user_id == "{user}"',
        "last_active range": f"obj.last_active >= {_moment(end - 90_000)}",
        "created_at range, tunnel": created,
        "country and last_active": f"{country} && obj.last_active >= {_moment(end - 90_000)}",
        "tunnel and country": f"{tunnel} && {country}",
        "tunnel, and one without index": f'{tunnel} && obj.browser_name == "Chrome"',
    }
    many = {
        "identity_provider ==, many": 'obj.identity_provider == "Okta"',
        "country_code ==, many": 'obj.country_code == "DE"',
        "edge ==, many": 'obj.edge == "edge-0"',
        "last_active range, many": f"obj.last_active < {_moment(end - DAY_MS // 4)}",
        "created_at range, many": _between("created_at", middle, middle + DAY_MS // 8),
        "two that have little in common": 'obj.tunnel == "tunnel-9" && obj.country_code == "PL"',
    }
    return [
        *(Question(title, _path(_SESSIONS, filter=text)) for title, text in filters.items()),
        *_searches(user, session),
        Question("everything", _path(_SESSIONS), same=False),
        *(Question(title, _path(_SESSIONS, filter=text), same=False) for title, text in many.items()),
        Question("from the middle", _path(_SESSIONS, before_id=session), same=False),
        Question(
            "country_code ==, many, from the middle",
            _path(_SESSIONS, filter=many["country_code ==, many"], before_id=session),
            same=False,
        ),
        Question("provider, by search", _path(_SESSIONS, q="okta"), same=False),
        Question("users", _path(_USERS), same=False),
        Question("users, from the middle", _path(_USERS, before_id=user), same=False),
        Question("users, by their provider", _path(_USERS, q="okta"), same=False),
    ]


def devoted(user: str) -> Question:
    """A page of the user who has a tenth of all sessions."""
    path = _path(_SESSIONS, filter=f'obj.application_user_id == "{user}"')
    return Question("application_user_id ==, a tenth of all", path, same=False)


def questions_on_ended(user: str) -> list[Question]:
    """Questions on sessions that are over."""
    one = f'obj.application_user_id == "{user}"'
    return [
        Question("ended", _path(_SESSIONS, state="ended")),
        Question("ended, of one user", _path(_SESSIONS, state="ended", filter=one)),
    ]


def _searches(user: str, session: str) -> list[Question]:
    searches = {
        "name, by search": "mark",
        "e-mail, by search": "user-marked-7@",
        "rare provider, by search": MARKED_PROVIDER.lower(),
        "session id, by search": session,
        "user id, by search": user,
    }
    return [
        *(Question(title, _path(_SESSIONS, q=text)) for title, text in searches.items()),
        Question("users: name, by search", _path(_USERS, q="mark ed")),
        Question("users: e-mail, by search", _path(_USERS, q="user-marked-7@")),
    ]


def _path(resource: str, **parameters: str) -> str:
    return f"{resource}?{urlencode(parameters)}" if parameters else resource


def _between(field: str, from_ms: Milliseconds, to_ms: Milliseconds) -> str:
    return f"obj.{field} >= {_moment(from_ms)} && obj.{field} < {_moment(to_ms)}"


def _moment(at: Milliseconds) -> str:
    return f'timestamp("{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}")'
