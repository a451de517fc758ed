"""Who is signed in where: a made-up population of users, endpoints and sessions, the same for the same size.

Some sessions are marked: a fixed number of them share a tunnel, a provider, a network, and times that no
others have, so that a question about them has as many answers in a small population as in a large one.
Knows no store.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from session_store import Context, Endpoint, Location, Principal, UserAgent, endpoint_id
from session_store.records import Milliseconds

# Chance makes a spread here, and no secret.
# ruff: noqa: S311

DAY_MS: Milliseconds = 86_400_000
MARKED = 100
"""Marked sessions; all are at MARKED_TUNNEL, by MARKED_PROVIDER, from MARKED_NETWORK."""
MARKED_TUNNEL = "marked"
MARKED_PROVIDER = "Marked Login"
MARKED_NETWORK = "198.51.100.0/24"
MARKED_AGO_MS: Milliseconds = DAY_MS // 2
"""When the marked sessions began, before the end of the story."""
MARKED_COUNTRY = "IS"
OF_MARKED_COUNTRY = 500
"""Sessions from MARKED_COUNTRY, the marked ones among them."""
DEVOTED = "devoted"
"""The subject of a user who has a tenth of all sessions."""

_PROVIDERS = ("Google", "Okta", "GitHub")
_TUNNELS, _EDGES, _ROUTES = 29, 3, 3
_AT_AN_EDGE = 0.05
_ADDRESSES, _AGENTS = 25_000, 400
_AWAY = 0.2
_QUIET_MS = 120_000
"""Only the marked sessions were active later than so long before the end of the story."""
_PLACES = (
    "DE 51 10, US 40 -97, GB 53 -2, FR 47 2, NL 52 5, PL 52 19, IT 43 12, ES 40 -4, SE 60 15, "
    "NO 61 9, DK 56 9, FI 62 26, AT 48 14, CH 47 8, BE 51 5, CZ 50 15, PT 40 -8, IE 53 -8, "
    "GR 39 22, RO 46 25, HU 47 19, BG 43 25, HR 45 16, SK 49 20, SI 46 15, LT 55 24, LV 57 25, "
    "EE 59 26, LU 50 6, MT 36 14, CY 35 33, UA 49 31, TR 39 35, IL 31 35, IN 22 79, CN 34 109, "
    "JP 36 138, KR 36 128, SG 1 104, AU -25 134, NZ -39 176, CA 52 -106, MX 24 -102, BR -10 -52, AR -34 -64, "
    "CL -33 -71, CO 4 -73, PE -10 -76, ZA -29 25, NG 9 8, KE 0 38, EG 27 30, MA 32 -6, TN 35 9, "
    "AE 24 54, SA 24 45, QA 25 51, TH 16 101, VN 16 107, IS 65 -19"
)
"""Countries, and about where each is: latitude and longitude; MARKED_COUNTRY is the last."""
_PLACE_OF = {
    code: (int(latitude), int(longitude)) for code, latitude, longitude in map(str.split, _PLACES.split(", "))
}
_COUNTRIES = tuple(_PLACE_OF)[:-1]
_FIRST = "Ada Bo Cleo Dan Eva Finn Gil Hana Ian Jo Kai Lea Max Nora Olaf Pia Quin Rosa Sam Tess Uli Vera"
_LAST = "Ahrens Berg Castro Diaz Engel Falk Groot Haas Ito Jansen Kraus Lind Moser Nagy Olsen Petit Roth"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at a provider."""

    principal: Principal
    provider_name: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A session at an endpoint, last active ``idle_ms`` before the end of the story."""

    endpoint: Endpoint
    context: Context
    idle_ms: Milliseconds
    requests: int


@dataclass(frozen=True, slots=True)
class Login:
    """A login, ``ago_ms`` before the end of the story, and the sessions that it led to."""

    visitor: Visitor
    ago_ms: Milliseconds
    visits: Sequence[Visit]


def logins(sessions: int, users: int) -> Iterator[Login]:
    """``sessions`` in all, of about ``users``, over a day, oldest first; the marked ones in the middle."""
    chance = random.Random(sessions)
    people = [_visitor(number) for number in range(users)]
    left = others = sessions - MARKED
    elsewhere, devoted = OF_MARKED_COUNTRY - MARKED, sessions // 10
    due, rest = devoted, elsewhere
    marked = _marked(MARKED_AGO_MS, chance)
    while left:
        ago_ms = _QUIET_MS + (DAY_MS - _QUIET_MS) * left // others
        if ago_ms <= MARKED_AGO_MS:
            yield from marked
        rare = rest * others >= elsewhere * left
        own = not rare and due * others >= devoted * left
        visitor = _DEVOTED if own else chance.choice(people)
        address = _ADDRESSES + rest if rare else _address_of(visitor, chance)
        context = _context(address, MARKED_COUNTRY if rare else _country(address), chance)
        places = _endpoints(chance)[: 1 if rare or own else left]
        yield Login(visitor, ago_ms, [_visit(endpoint, context, ago_ms, chance) for endpoint in places])
        left, rest, due = left - len(places), rest - rare, due - own


def newest(sessions: int) -> list[Login]:
    """The newest logins of a small population that led to one session each."""
    alone = (login for login in logins(10 * MARKED, MARKED) if len(login.visits) == 1)
    return list(deque(alone, sessions))


def _marked(ago_ms: Milliseconds, chance: random.Random) -> Iterator[Login]:
    for number in range(MARKED):
        principal = _principal(f"marked-{number}", f"Mark Ed{number}", "https://marked.example")
        context = _context(-1 - number, MARKED_COUNTRY, chance)
        idle_ms = chance.randrange(_QUIET_MS // 2)
        visit = Visit(_endpoint(MARKED_TUNNEL), context, idle_ms, chance.randrange(1, 500))
        yield Login(Visitor(principal, MARKED_PROVIDER), ago_ms, [visit])


def _visitor(number: int) -> Visitor:
    provider = _PROVIDERS[min(number % 10 // 4, 2)]
    first, last = _FIRST.split(), _LAST.split()
    name = f"{first[number % len(first)]} {last[number // len(first) % len(last)]}"
    issuer = f"https://{provider.lower()}.example"
    return Visitor(_principal(f"{number:08d}", name, issuer), provider)


def _principal(subject: str, name: str, issuer: str) -> Principal:
    return Principal(
        provider=issuer.removeprefix("https://").partition(".")[0],
        issuer=issuer,
        subject=subject,
        username=f"user-{subject}",
        name=name,
        email=f"user-{subject}@example.com",
        email_verified=True,
        groups=("staff", "engineering"),
    )


def _endpoints(chance: random.Random) -> list[Endpoint]:
    """Where one login leads: to a tunnel, or to all routes of an edge."""
    if chance.random() < _AT_AN_EDGE:
        return _routes(chance.randrange(_EDGES))
    return [_tunnel(min(int(chance.expovariate(0.2)), _TUNNELS - 1))]


def _tunnel(number: int) -> Endpoint:
    return _endpoint(f"tunnel-{number}")


def _endpoint(tunnel: str) -> Endpoint:
    return Endpoint(id=endpoint_id(tunnel), public_url=f"https://{tunnel}.example.com", tunnel=tunnel)


def _routes(edge: int) -> list[Endpoint]:
    name = f"edge-{edge}"
    return [
        Endpoint(
            id=endpoint_id(f"{name}/part-{number}"),
            public_url=f"https://{name}.example.com/part-{number}",
            tunnel=f"{name}-part-{number}",
            edge=name,
            path_prefix=f"/part-{number}",
        )
        for number in range(_ROUTES)
    ]


def _visit(endpoint: Endpoint, context: Context, ago_ms: Milliseconds, chance: random.Random) -> Visit:
    return Visit(endpoint, context, chance.randrange(_QUIET_MS, ago_ms + 1), chance.randrange(1, 500))


def _address_of(visitor: Visitor, chance: random.Random) -> int:
    """A person's own address, most of the time."""
    if chance.random() < _AWAY:
        return chance.randrange(_ADDRESSES)
    return sum(visitor.principal.subject.encode()) * 7919 % _ADDRESSES


def _country(address: int) -> str:
    """Each half as often as the one before it, roughly, with a long tail."""
    share = (address * 2654435761 % 2**32) / 2**32
    return _COUNTRIES[int(len(_COUNTRIES) * share**3)]


def _context(address: int, country: str, chance: random.Random) -> Context:
    if address < 0:
        ip = f"198.51.100.{-address}"
    elif address % 5 == 0:
        ip = str(ip_address((0x2001_0DB8 << 96) + (address << 64) + 1))
    else:
        # 198.18.0.0/15 is for benchmarks (RFC 2544 appendix C.2.2), and has room for all.
        ip = str(ip_address((198 << 24) + (18 << 16) + address * 5))
    latitude, longitude = _PLACE_OF[country]
    location = Location(
        country_code=country,
        latitude=round(latitude + chance.uniform(-1, 1), 4),
        longitude=round(longitude + chance.uniform(-1, 1), 4),
        radius_km=20,
    )
    return Context(ip_address=ip, user_agent=_agent(address % _AGENTS), location=location, network="public")


def _agent(number: int) -> UserAgent:
    system, os_name = (("Windows NT 10.0; Win64; x64", "Windows"), ("X11; Linux x86_64", "Linux"))[number % 2]
    version = f"{90 + number // 2 % 50}.0.{number // 100}"
    return UserAgent(
        raw=f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version} Safari/537.36",
        browser_name="Chrome",
        browser_version=version,
        device_type="Desktop",
        os_name=os_name,
        os_version="10" if os_name == "Windows" else "",
    )


_DEVOTED = Visitor(_principal(DEVOTED, "Dee Voted", "https://okta.example"), "Okta")
