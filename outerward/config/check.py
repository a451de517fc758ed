"""What a configuration must satisfy beyond its types: sections, listeners, store, providers, webhooks.

Looks only at values that were converted without error, so that one mistake gives one message. Endpoints are
checked in ``endpoints.py``.
"""

import ipaddress
import os
import re
from datetime import timedelta

from idp_adapters import OAuthSettings, OidcSettings
from outerward import addresses
from outerward.config.schema import Settings
from outerward.plain_text import printable_path
from outerward.typed_toml import Key, Problems, quoted
from outerward.webhooks import problems_of
from session_store import StoreRefused, parse_address

MOST_WORKERS = 512
SHORTEST_BOOTSTRAP_TOKEN = 32
SHORTEST_STORE_SECRET = 16
DRAINS = (timedelta(0), timedelta(hours=1))
LINES = (1024, 64 * 1024)
HEADERS = (4 * 1024, 256 * 1024)
HEADER_COUNTS = (10, 1000)
HEADER_TIMEOUTS = (timedelta(seconds=1), timedelta(minutes=5))
IDLE_TIMEOUTS = (timedelta(seconds=1), timedelta(hours=1))
CHECK_TIMEOUTS = (timedelta(milliseconds=1), timedelta(minutes=1))
USER_RETENTIONS = (timedelta(days=1), timedelta(days=3650))
KEPT = (timedelta(0), timedelta(days=365))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DISCOVERY = "/.well-known/openid-configuration"
_TOKEN = re.compile(r"[!-~]*")


def is_name(text: str) -> bool:
    """Whether ``text`` may name a tunnel or an edge: letters, digits, ``.``, ``_``, ``-``, at most 64."""
    return _NAME.fullmatch(text) is not None


def check_sections(settings: Settings, problems: Problems) -> None:
    """Check the sections that are tables of their own, and what providers have in common."""
    _check_edge(settings, problems)
    _check_admin(settings, problems)
    _check_metrics(settings, problems)
    _check_store(settings, problems)
    _check_geoip(settings, problems)
    check_span(problems, ("privacy", "history"), settings.privacy.history, KEPT)
    check_span(problems, ("privacy", "ended"), settings.privacy.ended, KEPT)
    for name in settings.provider:
        _check_provider(name, settings, problems)
    _check_webhooks(settings, problems)


def check_span(problems: Problems, key: Key, span: timedelta, bounds: tuple[timedelta, timedelta]) -> None:
    """Note an error unless ``span`` lies within the bounds, which are allowed themselves."""
    shortest, longest = bounds
    if problems.sound(key) and not shortest <= span <= longest:
        problems.add(key, f"must be between {span_text(shortest)} and {span_text(longest)}")


def span_text(span: timedelta) -> str:
    """A duration as it is written in a file, in the largest unit that it is a whole number of."""
    if not span:
        return "0"
    for unit, text in ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m")):
        if span % unit == timedelta(0):
            return f"{span // unit}{text}"
    if span % timedelta(seconds=1):
        return f"{span // timedelta(milliseconds=1)}ms"
    return f"{span // timedelta(seconds=1)}s"


def _check_provider(name: str, settings: Settings, problems: Problems) -> None:
    key, provider = ("provider", name), settings.provider[name]
    if problems.sound(key) and not _PROVIDER_NAME.fullmatch(name):
        problems.add(key, "a provider's name has letters, digits, _ and - only, at most 64")
    match provider:
        case OidcSettings(issuer=url):
            _check_not_discovery(problems, (*key, "issuer"), url)
        case OAuthSettings(base_url=url):
            _check_not_discovery(problems, (*key, "base_url"), url)


def _check_not_discovery(problems: Problems, key: Key, url: str) -> None:
    """Consoles show the address of the metadata more often than the issuer (Discovery 1.0 §4)."""
    if _DISCOVERY in url and problems.sound(key):
        problems.add(key, f"ends before {_DISCOVERY}")


def _check_webhooks(settings: Settings, problems: Problems) -> None:
    for i, webhook in enumerate(settings.webhook):
        if not problems.sound(("webhook", i)):
            continue
        for problem in problems_of(webhook):
            name, _, words = problem.partition(": ")
            if problems.sound(("webhook", i, name)):
                problems.add(("webhook", i, name), words)


def _check_geoip(settings: Settings, problems: Problems) -> None:
    for i, path in enumerate(settings.geoip.databases):
        key = ("geoip", "databases", i)
        if problems.sound(key) and not os.access(path, os.R_OK):
            problems.warn(key, f"{printable_path(path)} is not there or cannot be read; it adds no places")


def _check_edge(settings: Settings, problems: Problems) -> None:
    edge = settings.edge
    if not edge.listen and problems.sound(("edge", "listen")):
        problems.add(("edge", "listen"), "must name at least one HOST:PORT")
    seen: list[tuple[str, int]] = []
    for i, text in enumerate(edge.listen):
        listener = problems.parsed(("edge", "listen", i), addresses.listen_address, text)
        if listener and any(addresses.listeners_meet(listener, other) for other in seen):
            problems.add(("edge", "listen", i), f"{quoted(text)} is listened on already")
        elif listener:
            seen.append(listener)
    workers = 1 if edge.workers == "auto" else edge.workers
    if problems.sound(("edge", "workers")) and not 1 <= workers <= MOST_WORKERS:
        problems.add(("edge", "workers"), f'must be "auto" or between 1 and {MOST_WORKERS}')
    if edge.public_url is not None:
        problems.parsed(("edge", "public_url"), addresses.plain_url, edge.public_url)
    check_span(problems, ("edge", "drain"), edge.drain, DRAINS)
    _check_request_limits(settings, problems)
    for i, text in enumerate(edge.trusted_proxies):
        key = ("edge", "trusted_proxies", i)
        network = problems.parsed(key, _network, text)
        if network is not None and network.prefixlen == 0:
            problems.warn(key, f"{text} lets every visitor choose the address that is recorded")


def _check_request_limits(settings: Settings, problems: Problems) -> None:
    edge = settings.edge
    for name, size, (least, most) in (
        ("max_line", edge.max_line, LINES),
        ("max_header", edge.max_header, HEADERS),
    ):
        if problems.sound(("edge", name)) and not least <= size <= most:
            problems.add(("edge", name), f"must be between {least // 1024}k and {most // 1024}k")
    least, most = HEADER_COUNTS
    if problems.sound(("edge", "max_headers")) and not least <= edge.max_headers <= most:
        problems.add(("edge", "max_headers"), f"must be between {least} and {most}")
    check_span(problems, ("edge", "header_timeout"), edge.header_timeout, HEADER_TIMEOUTS)
    check_span(problems, ("edge", "idle_timeout"), edge.idle_timeout, IDLE_TIMEOUTS)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        hint = " (bits are set beyond its length)" if "host bits" in str(error) else ""
        raise ValueError(f"{quoted(text)} is not a network such as 10.0.0.0/8{hint}") from None


def _check_admin(settings: Settings, problems: Problems) -> None:
    admin = settings.admin
    listener = problems.parsed(("admin", "listen"), addresses.listen_address, admin.listen)
    if admin.public_url is not None:
        problems.parsed(("admin", "public_url"), addresses.plain_url, admin.public_url)
    if listener:
        _check_apart_from_edge(settings, problems, ("admin", "listen"), listener)
    key = ("admin", "bootstrap_token")
    if admin.bootstrap_token is not None and problems.sound(key):
        if len(admin.bootstrap_token) < SHORTEST_BOOTSTRAP_TOKEN:
            problems.add(key, f"must be at least {SHORTEST_BOOTSTRAP_TOKEN} characters long")
        elif not _TOKEN.fullmatch(admin.bootstrap_token):
            problems.add(key, "must be printable ASCII without blanks, as it is sent in a header")


def _check_metrics(settings: Settings, problems: Problems) -> None:
    key, text = ("metrics", "listen"), settings.metrics.listen
    listener = None if text is None else problems.parsed(key, addresses.listen_address, text)
    if not listener:
        return
    _check_apart_from_edge(settings, problems, key, listener)
    admin = settings.admin.listen
    if problems.sound(("admin", "listen")) and addresses.listeners_meet(
        listener, addresses.listen_address(admin)
    ):
        problems.add(key, f"must not be the admin listener {quoted(admin)}")


def _check_apart_from_edge(
    settings: Settings, problems: Problems, key: Key, listener: tuple[str, int]
) -> None:
    for i, text in enumerate(settings.edge.listen):
        if not problems.sound(("edge", "listen", i)):
            continue
        if addresses.listeners_meet(listener, addresses.listen_address(text)):
            problems.add(key, f"must not be the edge's listener {quoted(text)}")


def _store_address(text: str) -> None:
    """Raises ValueError in words, also for what the store itself would refuse at the start."""
    addresses.store_url(text)
    if text == "embedded":
        return
    try:
        parse_address(text)
    except StoreRefused as error:
        raise ValueError(str(error).removeprefix("store.url: ")) from None


def _check_store(settings: Settings, problems: Problems) -> None:
    store = settings.store
    embedded = store.url == "embedded"
    problems.parsed(("store", "url"), _store_address, store.url)
    check_span(problems, ("store", "check_timeout"), store.check_timeout, CHECK_TIMEOUTS)
    check_span(problems, ("store", "user_retention"), store.user_retention, USER_RETENTIONS)
    is_sound = problems.sound(("store", "url")) and problems.sound(("store", "secret"))
    if not store.secret and not embedded and is_sound:
        problems.add(("store", "secret"), "is required unless the store is embedded")
    for i, secret in enumerate(store.secret):
        key = ("store", "secret", i)
        if problems.sound(key) and len(secret) < SHORTEST_STORE_SECRET:
            problems.add(key, f"must be at least {SHORTEST_STORE_SECRET} characters long")
    if store.server is not None and not embedded and problems.sound(("store", "url")):
        problems.warn(("store", "server"), "is used by the embedded store only")
