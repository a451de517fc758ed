"""What is shown of a session: in a row of a table, whole, and of each of its accesses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from outerward.cli.client import AdminClient, Row
from outerward.cli.output import Column, for_people, print_rows, value_at
from outerward.cli.people import People
from outerward.cli.selection import ACTIVE, ENDED

_ID = Column("Session", ("id",))
_BROWSER = ("browser_session", "user_agent", "browser_name")
_SYSTEM = ("browser_session", "user_agent", "os_name")
_COUNTRY = ("browser_session", "location", "country_code")
_IP = ("browser_session", "ip_address")
_USER = ("application_user", "id")
_TUNNEL = Column("Tunnel", ("outerward", "tunnel"))
_ENDED_COLUMNS = (
    Column("Ended", ("outerward", "ended_at"), is_time=True),
    Column("Reason", ("outerward", "ended_reason")),
    Column("Ended by", ("outerward", "ended_by")),
)
_ENDED_IN_LISTS = tuple(replace(each, gives_way=True) for each in _ENDED_COLUMNS[:2])
_LAST_ACTIVE = Column("Last active", ("last_active",), is_time=True, gives_way=True)


@dataclass(frozen=True)
class FlagsColumn(Column):
    """What is remarkable: each flag with its reason."""

    def text(self, row: Row) -> str:
        """The flags."""
        flags = value_at(row, self.path)
        each = [flag for flag in flags if isinstance(flag, dict)] if isinstance(flags, list) else []
        told = [f"{flag.get('name')} ({flag.get('reason')})" for flag in each]
        return super().text({**row, self.path[0]: told})


ACCESS_COLUMNS = (
    Column("From", ("first_seen",), is_time=True),
    Column("To", ("last_seen",), is_time=True),
    Column("Requests", ("requests",)),
    Column("IP address", ("ip_address",), gives_way=True),
    Column("Country", ("location", "country_code")),
    Column("Browser", ("user_agent", "browser_name"), gives_way=True),
    Column("System", ("user_agent", "os_name"), gives_way=True, spare=True),
    FlagsColumn("Flags", ("flags",), gives_way=True),
)


@dataclass(frozen=True)
class UserColumn(Column):
    """A user's id, shown as what ``people`` call the user."""

    people: People | None = None

    def text(self, row: Row) -> str:
        """The name."""
        return super().text(row) if self.people is None else self.people.name(value_at(row, self.path))


def print_sessions(
    client: AdminClient, rows: Iterable[Row], state: str = ACTIVE, *, as_json: bool, none: str = ""
) -> None:
    """A list, for people with the names of users. Raises OuterwardError."""
    people = People(client)
    shown = people.ahead(rows, _USER) if for_people(as_json) else rows
    print_rows(shown, _list_columns(people, state), as_json=as_json, none=none)


def _list_columns(people: People, state: str) -> tuple[Column, ...]:
    return (
        _ID,
        UserColumn("User", _USER, gives_way=True, people=people),
        replace(_TUNNEL, gives_way=True),
        Column("IP address", _IP, gives_way=True),
        Column("Country", _COUNTRY, spare=True),
        Column("Browser", _BROWSER, gives_way=True, spare=True),
        *(_ENDED_IN_LISTS if state == ENDED else (_LAST_ACTIVE,)),
    )


def detail_columns(client: AdminClient, state: str = ACTIVE) -> tuple[Column, ...]:
    """The lines of one session."""
    return (
        _ID,
        Column("Address", ("public_url",)),
        _TUNNEL,
        Column("Provider", ("outerward", "provider")),
        UserColumn("User", _USER, people=People(client)),
        Column("User id", _USER),
        Column("IP address", _IP),
        Column("Device", ("browser_session", "user_agent", "device_type")),
        Column("Browser", _BROWSER),
        Column("System", _SYSTEM),
        Column("User agent", ("browser_session", "user_agent", "raw")),
        Column("Country", _COUNTRY),
        Column("Latitude", ("browser_session", "location", "latitude")),
        Column("Longitude", ("browser_session", "location", "longitude")),
        Column("Requests", ("outerward", "requests")),
        Column("Flags", ("outerward", "flags")),
        Column("Created", ("created_at",), is_time=True),
        _LAST_ACTIVE,
        Column("Expires", ("expires_at",), is_time=True),
        *(_ENDED_COLUMNS if state == ENDED else ()),
    )
