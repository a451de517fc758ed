"""``sessions``: who is signed in where, and the end of a session."""

from typing import Any

import click

from outerward.cli.api_command import Api, api_command, limit_option, object_path
from outerward.cli.output import Column, for_people, print_json, print_row, print_rows

PATH = "/app/sessions"
_ID = Column("Session", ("id",))
_ADDRESS = Column("Address", ("public_url",))
_USER = Column("User", ("application_user", "id"))
_IP = Column("IP address", ("browser_session", "ip_address"))
_BROWSER = Column("Browser", ("browser_session", "user_agent", "browser_name"))
_SYSTEM = Column("System", ("browser_session", "user_agent", "os_name"))
_COUNTRY = Column("Country", ("browser_session", "location", "country_code"))
_LAST_ACTIVE = Column("Last active", ("last_active",))
LIST_COLUMNS = (_ID, _ADDRESS, _USER, _IP, _BROWSER, _LAST_ACTIVE)
DETAIL_COLUMNS = (
    _ID,
    _ADDRESS,
    Column("Tunnel", ("outerward", "tunnel")),
    Column("Provider", ("outerward", "provider")),
    _USER,
    _IP,
    Column("Device", ("browser_session", "user_agent", "device_type")),
    _BROWSER,
    _SYSTEM,
    Column("User agent", ("browser_session", "user_agent", "raw")),
    _COUNTRY,
    Column("Latitude", ("browser_session", "location", "latitude")),
    Column("Longitude", ("browser_session", "location", "longitude")),
    Column("Requests", ("outerward", "requests")),
    Column("Created", ("created_at",)),
    _LAST_ACTIVE,
    Column("Expires", ("expires_at",)),
)


@click.group()
def sessions() -> None:
    """List, inspect and end sessions."""


@sessions.command("ls")
@limit_option
@api_command
def list_sessions(api: Api, limit: int | None) -> None:
    """List the live sessions, the newest first."""
    print_rows(api.client.rows(PATH, "application_sessions", limit), LIST_COLUMNS, as_json=api.as_json)


@sessions.command("get")
@click.argument("session_id", metavar="ID")
@api_command
def get_session(api: Api, session_id: str) -> None:
    """Show one session whole."""
    path = object_path(PATH, session_id, "session")
    row = api.client.get(path, dict[str, Any], f"session {session_id}")
    print_row(row, DETAIL_COLUMNS, as_json=api.as_json)


@sessions.command("revoke")
@click.argument("session_id", metavar="ID")
@api_command
def revoke_session(api: Api, session_id: str) -> None:
    """End one session.

    Its next request is refused, and the visitor has to sign in again.
    """
    api.client.delete(object_path(PATH, session_id, "session"), f"session {session_id}")
    if for_people(api.as_json):
        click.echo(f"Session {session_id} is ended.")
    else:
        print_json({"id": session_id, "revoked": True})
