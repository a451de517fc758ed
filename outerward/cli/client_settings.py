"""The little of a configuration that a client command needs: where the API is, and the state folder.

It must work where the server's secrets are absent, so nothing else of the file is looked at.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from outerward import addresses, usual_files
from outerward.typed_toml import Converter, Document, Problems, Variables, read_document

_VARIABLES = Variables(
    "OUTERWARD_ADMIN_",
    {
        "OUTERWARD_ADMIN_LISTEN": [("admin", "listen")],
        "OUTERWARD_ADMIN_PUBLIC_URL": [("admin", "public_url")],
    },
)


class AdminAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the admin API is."""

    listen: str = "127.0.0.1:4040"
    public_url: str | None = None


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a client command needs of a configuration."""

    state: Path = Path("data")
    admin: AdminAddress = AdminAddress()


def load_client_settings(path: Path | None, environ: Mapping[str, str]) -> ClientSettings:
    """What ``path`` or the first of the usual files says; no file at all is no error. Raises ConfigErrors."""
    found = path or usual_files.usual_file()
    document = read_document(found) if found else Document.absent(usual_files.USUAL_FILES[0])
    problems = Problems(document.origins)
    tables = document.merged(_VARIABLES.read(environ, document.folder, problems))
    settings = Converter(problems, environ, document.folder).settings(_needed(tables), ClientSettings)
    problems.parsed(("admin", "listen"), addresses.listen_address, settings.admin.listen)
    if settings.admin.public_url is not None:
        problems.parsed(("admin", "public_url"), addresses.plain_url, settings.admin.public_url)
    problems.raise_if_any()
    return settings


def _needed(tables: Mapping[str, object]) -> dict[str, object]:
    needed = {name: value for name, value in tables.items() if name in ("state", "admin")}
    if isinstance(admin := needed.get("admin"), dict):
        needed["admin"] = {name: value for name, value in admin.items() if name in ("listen", "public_url")}
    return needed
