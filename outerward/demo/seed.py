"""Sessions of made-up people, so that the lists are not empty: documentation addresses (RFC 5737, RFC 3849).

No database knows where those are, so the places are made up too. The sessions are written through the store's
own face, on a clock that is set back, and are like any other.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outerward.config import Settings
from outerward.demo.people import OTHERS, Person
from proxy import Route, describe, network_of
from session_store import ApplicationSession, Context, CookieHash, Location, Principal, Store, Touch


@dataclass(frozen=True, slots=True)
class Seed:
    """One session: who, where from, with what, at which endpoint, and how long ago."""

    person: Person
    ip_address: str
    place: Location
    user_agent: str
    endpoint: int
    began_s: int
    last_active_s: int
    requests: int


_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36"
)
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
_SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15"
)
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
_IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
_PIXEL = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Mobile Safari/537.36"
)

_GOTHENBURG = Location(country_code="SE", latitude=57.7089, longitude=11.9746, radius_km=20)
_STOCKHOLM = Location(country_code="SE", latitude=59.3293, longitude=18.0686, radius_km=50)
_SANTIAGO = Location(country_code="CL", latitude=-33.4489, longitude=-70.6693, radius_km=20)
_BERGEN = Location(country_code="NO", latitude=60.3913, longitude=5.3221, radius_km=10)
_IZMIR = Location(country_code="TR", latitude=38.4237, longitude=27.1428, radius_km=20)
_LYON = Location(country_code="FR", latitude=45.764, longitude=4.8357, radius_km=10)
_OSAKA = Location(country_code="JP", latitude=34.6937, longitude=135.5023, radius_km=50)

_ANA, _RAFAEL, _HANNE, _YUSUF, _CHLOE, _KENJI = OTHERS
SEEDS = (
    Seed(_KENJI, "2001:db8:51::a7", _OSAKA, _IPAD, 0, began_s=40271, last_active_s=18743, requests=58),
    Seed(_HANNE, "198.51.100.23", _BERGEN, _FIREFOX, 1, began_s=29288, last_active_s=2479, requests=132),
    Seed(_RAFAEL, "203.0.113.77", _SANTIAGO, _CHROME, 0, began_s=21313, last_active_s=734, requests=207),
    Seed(_RAFAEL, "203.0.113.140", _SANTIAGO, _PIXEL, 0, began_s=15742, last_active_s=11406, requests=9),
    Seed(_YUSUF, "192.0.2.61", _IZMIR, _CHROME, 1, began_s=12187, last_active_s=431, requests=84),
    Seed(_ANA, "198.51.100.204", _GOTHENBURG, _SAFARI, 0, began_s=5763, last_active_s=192, requests=45),
    Seed(_ANA, "2001:db8:2c::19", _STOCKHOLM, _IPHONE, 1, began_s=3248, last_active_s=1987, requests=6),
    Seed(_HANNE, "198.51.100.23", _BERGEN, _FIREFOX, 2, began_s=2614, last_active_s=941, requests=21),
    Seed(_YUSUF, "203.0.113.9", _IZMIR, _PIXEL, 2, began_s=1730, last_active_s=305, requests=12),
    Seed(_CHLOE, "192.0.2.118", _LYON, _FIREFOX, 0, began_s=1094, last_active_s=68, requests=17),
)


class _SetClock:
    """Unix time in milliseconds, as it is told."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        return self.ms


async def seed(settings: Settings, routes: Sequence[Route], issuers: Mapping[str, str]) -> None:
    """Write every session of ``SEEDS`` to the store of resolved ``settings``; ``issuers`` are by provider.

    Raises StoreUnavailable.
    """
    clock = _SetClock()
    store = Store.open(settings.store.url, secrets=settings.store.secret, now_ms=clock)
    now_ms = time.time_ns() // 1_000_000
    try:
        for each in SEEDS:
            clock.ms = now_ms - each.began_s * 1000
            await _write(store, each, routes[each.endpoint], clock.ms, issuers)
    finally:
        await store.close()


async def _write(store: Store, each: Seed, route: Route, began_ms: int, issuers: Mapping[str, str]) -> None:
    expires_at = began_ms + route.max_session_s * 1000
    provider = route.providers[0]
    browser = await store.complete_login(
        _principal(each.person, provider, issuers[provider]),
        provider_name=provider,
        begun_at=await store.now(),
        scope=route.cookie.scope,
        cookie_hash=CookieHash(secrets.token_bytes(32)),
        expires_at=expires_at,
    )
    context = Context(
        ip_address=each.ip_address,
        user_agent=describe(each.user_agent),
        location=each.place,
        network=network_of(each.ip_address),
    )
    session = await store.start_application_session(
        browser,
        route.endpoint,
        expires_at=expires_at,
        idle_timeout_s=route.idle_timeout_s,
        context=context,
    )
    last_active_ms = began_ms + (each.began_s - each.last_active_s) * 1000
    if isinstance(session, ApplicationSession):
        await store.touch(
            [Touch(session=session, at_ms=last_active_ms, requests=each.requests, context=context)]
        )


def _principal(person: Person, provider: str, issuer: str) -> Principal:
    return Principal(
        provider=provider,
        issuer=issuer,
        subject=person.subject,
        username=person.username,
        name=person.name,
        email=person.email,
        email_verified=True,
        groups=person.groups,
    )
