"""What the rules of a session must satisfy: shared cookies, limits, pins, the login host.

A rule that could not be enforced is an error here: it would be worse than none.
"""

import re
from collections.abc import Iterator
from functools import cache

from publicsuffixlist import PublicSuffixList

from idp_adapters import SamlSettings
from outerward import addresses
from outerward.addresses import Origin
from outerward.config.routes import cookie_domain, public_origin
from outerward.config.schema import Settings
from outerward.typed_toml import Key, Problems, quoted
from proxy import SessionCookie, TunnelSettings

MOST_SESSIONS = 1000
_PREFIX = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_RESERVED_PREFIXES = ("__host-", "__secure-", "outerward-")


def check_session_rules(settings: Settings, problems: Problems) -> None:
    """Check what ``[[tunnel]]`` and ``[edge]`` say of sessions beyond one host."""
    for i, tunnel in enumerate(settings.tunnel):
        if problems.sound(("tunnel", i)):
            _check_tunnel(settings, problems, ("tunnel", i), tunnel)
    _check_shared_cookies(settings, problems)
    _check_login_host(settings, problems)
    _check_admin_origin(settings, problems)


def _check_tunnel(settings: Settings, problems: Problems, key: Key, tunnel: TunnelSettings) -> None:
    if problems.sound((*key, "session_limit")) and not 0 <= tunnel.session_limit <= MOST_SESSIONS:
        problems.add((*key, "session_limit"), f"must be between 0 (no limit) and {MOST_SESSIONS}")
    if problems.sound((*key, "cookie_prefix")):
        if not _PREFIX.fullmatch(tunnel.cookie_prefix):
            problems.add((*key, "cookie_prefix"), "must be 1 to 64 characters that a cookie's name may have")
        elif tunnel.cookie_prefix.lower().startswith(_RESERVED_PREFIXES):
            problems.add((*key, "cookie_prefix"), "begins like a cookie that means something else")
    if "country" in tunnel.pin and not settings.geoip.databases and problems.sound((*key, "pin")):
        problems.add((*key, "pin"), 'the country is known only with geoip.databases; "country" needs one')
    if tunnel.auth_cookie_domain is not None:
        problems.parsed((*key, "auth_cookie_domain"), _shared_domain, tunnel.auth_cookie_domain)


def _shared_domain(text: str) -> None:
    domain = addresses.canonical_hostname(text.removeprefix("."))
    if addresses.is_ip_address(domain) or "." not in domain:
        raise ValueError(f"{quoted(text)} is not a domain that hosts can share")
    if not _public_suffixes().is_private(domain):
        raise ValueError(f"{quoted(text)} is a public suffix: strangers have hosts under it")


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list, read once: it has ten thousand lines."""
    return PublicSuffixList()


def _tunnels_of_hosts(
    settings: Settings, problems: Problems
) -> Iterator[tuple[Key, TunnelSettings, str, Origin]]:
    """Each claim of a hostname: where it stands, its tunnel, the canonical name, the origin for visitors."""
    by_name = {tunnel.name: (("tunnel", i), tunnel) for i, tunnel in enumerate(settings.tunnel)}
    claims = [
        (("tunnel", i), tunnel, tunnel.hostname, tunnel.public_url)
        for i, tunnel in enumerate(settings.tunnel)
        if tunnel.hostname is not None
    ]
    for i, route in enumerate(settings.edge_route):
        if problems.sound(("edge_route", i)) and route.tunnel in by_name:
            claims.append((*by_name[route.tunnel], route.hostname, route.public_url))
    for key, tunnel, text, own_url in claims:
        try:
            hostname = addresses.canonical_hostname(text)
            origin = public_origin(settings.edge, hostname, own_url, edge_port=1)
        except ValueError:
            continue  # said elsewhere
        if problems.sound((*key, "auth_cookie_domain")) and problems.sound((*key, "cookie_prefix")):
            yield key, tunnel, hostname, origin


def _check_shared_cookies(settings: Settings, problems: Problems) -> None:
    """Hosts lie under their cookie's domain; no two cookies of one name reach the same host."""
    cookies: dict[str, SessionCookie] = {}
    keys: dict[str, Key] = {}
    for key, tunnel, hostname, origin in _tunnels_of_hosts(settings, problems):
        cookie = SessionCookie.of(
            hostname, secure=origin.secure, domain=cookie_domain(tunnel), prefix=tunnel.cookie_prefix
        )
        at = (*key, "auth_cookie_domain")
        outside = [host for host in (hostname, origin.hostname) if not cookie.reaches(host)]
        if cookie.domain and outside:
            problems.add(at, f"{quoted(outside[0])} is not under {quoted(cookie.domain)}")
        elif cookies.setdefault(hostname, cookie) != cookie:
            problems.add(at, f"another route of {quoted(hostname)} has another session cookie")
        keys.setdefault(hostname, at)
    for hostname, cookie in cookies.items():
        for other in cookies.values():
            if other.name == cookie.name and other != cookie and other.reaches(hostname) and cookie.domain:
                problems.add(
                    keys[hostname],
                    f"the cookie {quoted(cookie.name)} of {quoted(other.domain)} reaches {quoted(hostname)}"
                    " too; give one of them another cookie_prefix, and use one scheme for all",
                )
                break


def _check_login_host(settings: Settings, problems: Problems) -> None:
    key = ("edge", "login_host")
    text = settings.edge.login_host
    if text is None:
        return
    hostname = problems.parsed(key, addresses.canonical_hostname, text)
    if hostname is None or not problems.sound(("edge", "public_url")):
        return
    origin = public_origin(settings.edge, hostname, None, edge_port=1)
    if not origin.secure and not settings.edge.insecure_http and not addresses.is_local(hostname):
        problems.add(key, f"{origin} would carry login cookies without Secure; use https")
    for _, _, other, theirs in _tunnels_of_hosts(settings, problems):
        if theirs == origin and other != hostname:
            problems.add(key, f"{origin} is the public URL of {quoted(other)} already")
            break
    for name, provider in settings.provider.items():
        if isinstance(provider, SamlSettings) and provider.allow_idp_initiated:
            problems.add(
                ("provider", name, "allow_idp_initiated"),
                "cannot be used with edge.login_host: an answer that nobody asked for names no application",
            )


def _check_admin_origin(settings: Settings, problems: Problems) -> None:
    """What an application's page may do at its own origin, it must not at the dashboard's."""
    key = ("admin", "public_url")
    if settings.admin.public_url is None or not problems.sound(key) or not problems.sound(("edge",)):
        return
    own = addresses.plain_url(settings.admin.public_url)
    for _, _, hostname, theirs in _tunnels_of_hosts(settings, problems):
        if theirs == own:
            problems.add(key, f"{own} is the public URL of {quoted(hostname)}; it needs one of its own")
            break
