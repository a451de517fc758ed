"""What signing in to the dashboard through a provider must satisfy: ``admin.provider``, ``admin.roles``."""

from msgspec import structs

from outerward import addresses
from outerward.config.allow import check_allow, check_providers
from outerward.config.routes import admin_origin
from outerward.config.schema import Settings
from outerward.typed_toml import Key, Problems, quoted

_PROVIDER: Key = ("admin", "provider")
_ROLES: Key = ("admin", "roles")


def check_dashboard(settings: Settings, problems: Problems) -> None:
    """Check who may sign in to the dashboard, and that their cookies are safe there."""
    if not problems.sound(_PROVIDER) or not problems.sound(_ROLES):
        return
    provider = settings.admin.provider
    roles = {name: held for name, held in structs.asdict(settings.admin.roles).items() if held is not None}
    if provider is None:
        if roles:
            problems.add(_ROLES, "needs admin.provider, through which people sign in to the dashboard")
        return
    check_providers(settings, problems, _PROVIDER, (provider,))
    if not roles:
        problems.add(_ROLES, "is required with admin.provider: who is viewer, operator, admin")
    for name, entries in roles.items():
        _check_role(settings, problems, (*_ROLES, name), entries, provider)
    _check_cookies(settings, problems)


def _check_role(
    settings: Settings, problems: Problems, key: Key, entries: tuple[str, ...], provider: str
) -> None:
    if not entries and problems.sound(key):
        problems.add(key, "must not be empty; leave it out where nobody has this role")
    check_allow(settings, problems, key, entries, (provider,))
    if "*" in entries:
        problems.warn(key, f"everyone who can sign in at {quoted(provider)} has this role")


def _check_cookies(settings: Settings, problems: Problems) -> None:
    key: Key = ("admin", "listen" if settings.admin.public_url is None else "public_url")
    if not problems.sound(key) or settings.edge.insecure_http:
        return
    origin = admin_origin(settings)
    if not origin.secure and not addresses.is_local(origin.hostname):
        problems.add(
            key, f"{origin} would carry session cookies without Secure; use https, or set edge.insecure_http"
        )
