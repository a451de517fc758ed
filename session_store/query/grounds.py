"""Which index answers which lookup, kind by kind, and what must be read to know the places to look at.

Reads only what is small: tags of users, the endpoints, the values of an index. What would take more is left
to the rows themselves. Knows no filter.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from session_store import keys
from session_store.commands import Commands
from session_store.ids import SESSION_PREFIX, USER_PREFIX, UserId, bare, is_id
from session_store.lookup import read_tag
from session_store.lua import Command
from session_store.query import places
from session_store.query.fields import ENDPOINT_TEXTS, Kind
from session_store.query.lookups import Equals, Lookup, Networks, Prefix, TimeRange, Union, Word
from session_store.query.places import Place, Run, Scored, Span, Stretch
from session_store.query.words import folded, ip_key, network_bounds, provider_word_bytes, word_bytes
from session_store.records import Endpoint, decode

MERGED_AT_MOST = 16
"""Runs that are merged into one, and values that are looked for."""

_USERS_AT_MOST = 1000
_USER_LEAD, _SESSION_LEAD = USER_PREFIX.encode(), SESSION_PREFIX.encode()


@dataclass(frozen=True, slots=True)
class Ground:
    """The indexes of one kind that lead to whole ids."""

    everything: Run
    times: dict[str, bytes]
    """Field -> key with its times as scores."""


GROUNDS: dict[Kind, Ground] = {
    "sessions": Ground(Run(keys.SESSIONS, _SESSION_LEAD), {"last_active": keys.ACTIVE}),
    "users": Ground(Run(keys.USERS, _USER_LEAD), {"last_active": keys.USERS_ACTIVE}),
    "ended": Ground(Run(keys.ENDED_SESSIONS, _SESSION_LEAD), {"ended_at": keys.ENDED_AT}),
}


def is_on_ids(lookup: Lookup) -> bool:
    """Whether ``span_of`` says all that ``lookup`` says."""
    match lookup:
        case TimeRange("created_at") | Prefix("id"):
            return True
    return False


def span_of(kind: Kind, lookup: Lookup) -> Span:
    """Ids among which are all that ``lookup`` finds: nothing was active, or over, before it was made."""
    match lookup:
        case TimeRange("created_at", from_ms, to_ms):
            return places.made_between(from_ms, to_ms)
        case TimeRange(_, _, to_ms):
            return places.made_between(None, to_ms)
        case Prefix("id", text):
            return _beginning(GROUNDS[kind].everything.lead.decode(), text)
    return Span()


def _beginning(lead: str, text: str) -> Span:
    if lead.startswith(text):
        return Span()
    return places.beginning(text.removeprefix(lead)) if text.startswith(lead) else Span(below=b"")


class Surveyor:
    """Finds the places that lookups on one kind of rows are answered at."""

    def __init__(self, commands: Commands, kind: Kind) -> None:
        self._commands = commands
        self._kind = kind
        self._ground = GROUNDS[kind]

    async def places(self, union: Union) -> list[Place] | None:
        """Every row that ``union`` finds is at one of these; None where it takes too much to say."""
        found: list[Place] = []
        users: list[str] = []
        for lookup in union:
            if (
                self._kind == "sessions"
                and isinstance(lookup, Equals)
                and lookup.field == "application_user_id"
            ):
                asked = lookup.value or ""
                users += [asked] if is_id(asked, USER_PREFIX) else []
                continue
            at = await self._at(lookup)
            if at is None:
                return None
            found.extend(at)
        return [*found, *await self._of_users(users)]

    async def _at(self, lookup: Lookup) -> list[Place] | None:
        match lookup:
            case TimeRange(field, from_ms, to_ms):
                key = self._ground.times.get(field)
                everything = self._ground.everything
                return None if key is None else [Scored(key, everything.lead, from_ms, to_ms)]
            case Networks(networks):
                bounds = map(network_bounds, networks)
                return [Stretch(keys.BY_IP, low, high + b"\1") for low, high in bounds]
            case Equals(field, value) if field == "id":
                return self._given(value or "")
            case Prefix(field):
                return await self._prefixed(field, lookup.text)
            case Equals(field, value) if field in ENDPOINT_TEXTS:
                return await self._at_endpoints(field, lambda text: text == value)
            case Equals(field, value):
                return self._equal(field, value or "")
            case Word(text):
                return await self._word(text)

    def _given(self, whole_id: str) -> list[Place]:
        everything = self._ground.everything
        if not is_id(whole_id, everything.lead.decode()):
            return []
        member = whole_id.encode()
        return [Stretch(everything.key, member, member + b"\0")]

    def _equal(self, field: str, value: str) -> list[Place] | None:
        if self._kind == "users":
            return [places.value_run(keys.USER_WORDS, word) for word in _entered(field, folded(value))]
        if self._kind == "ended":
            known = is_id(value, USER_PREFIX)
            return [places.value_run(keys.ENDED_USERS, bare(value))] if known else []
        if field == "ip_address":
            address = ip_key(value)
            return [] if address is None else [places.value_run(keys.BY_IP, address)]
        return [places.value_run(_BY[field], value.encode(errors="surrogatepass"))]

    async def _prefixed(self, field: str, text: str) -> list[Place] | None:
        if field == "id":
            everything = self._ground.everything
            span = _beginning(everything.lead.decode(), text)
            return [Stretch(everything.key, everything.lead + span.low, everything.lead + span.below)]
        if field in ENDPOINT_TEXTS:
            return await self._at_endpoints(field, lambda value: value is not None and value.startswith(text))
        if field == "application_user_id":
            span = _beginning(_USER_LEAD.decode(), text)
            if self._kind == "ended":
                return [] if span.is_empty else [Stretch(keys.ENDED_USERS, span.low, span.below)]
            return await self._of_some_users(
                Stretch(keys.USERS, _USER_LEAD + span.low, _USER_LEAD + span.below)
            )
        if self._kind == "users":
            return await self._words(_entered(field, folded(text)))
        return [*await self._valued(places.value_stretch(_BY[field], text.encode(errors="surrogatepass")))]

    async def _word(self, text: str) -> list[Place] | None:
        if self._kind == "users":
            return await self._words([provider_word_bytes(text), word_bytes(text)])
        of_users, of_providers = (
            places.value_stretch(keys.USER_WORDS, each(text)) for each in (word_bytes, provider_word_bytes)
        )
        found, provider = cast(
            "list[list[bytes]]",
            await self._commands.run_all([of_users.some(_USERS_AT_MOST + 1), of_providers.first()]),
        )
        users = await self._of_few_users(found)
        return None if users is None else [*(await self._at_providers(text) if provider else []), *users]

    async def _words(self, beginnings: Sequence[bytes]) -> list[Place]:
        """Users with a word that begins so; those of the same word are in order."""
        stretches = [places.value_stretch(keys.USER_WORDS, each) for each in beginnings]
        ends = await self._commands.run_all(
            [end for each in stretches for end in (each.first(), each.last())]
        )
        found: list[Place] = []
        for stretch, first, last in zip(stretches, ends[::2], ends[1::2], strict=True):
            values = {
                places.value_of(member)
                for member in [*cast("list[bytes]", first), *cast("list[bytes]", last)]
            }
            if values:
                found.append(places.value_run(stretch.key, *values) if len(values) == 1 else stretch)
        return found

    async def _at_providers(self, text: str) -> list[Place]:
        """The sessions of every provider whose name begins with ``text``, folded."""
        known = await self._valued(places.value_stretch(keys.BY_PROVIDER, b""))
        return [place for place in known if isinstance(place, Stretch) or _is_named(place, text)]

    async def _valued(self, stretch: Stretch) -> list[Run | Stretch]:
        """A run for each value in ``stretch``, or ``stretch`` where there are many."""
        runs: list[Run | Stretch] = []
        rest = stretch
        while member := await self._first(rest):
            if len(runs) == MERGED_AT_MOST:
                return [stretch]
            value = places.value_of(member)
            runs.append(places.value_run(stretch.key, value))
            rest = Stretch(stretch.key, value + b"\1", stretch.below)
        return runs

    async def _first(self, stretch: Stretch) -> bytes | None:
        found = cast("list[bytes]", await self._commands.run(*stretch.first()))
        return found[0] if found else None

    async def _at_endpoints(self, field: str, holds: Callable[[str | None], bool]) -> list[Place]:
        """The entries of every endpoint whose ``field`` holds; whoever has had a session is known."""
        known = cast("list[bytes]", await self._commands.run("HGETALL", keys.ENDPOINTS))
        read = ENDPOINT_TEXTS[field]
        return [
            places.value_run(keys.BY_ENDPOINT, endpoint_id)
            for endpoint_id, value in zip(known[::2], known[1::2], strict=True)
            if holds(read(decode(value, Endpoint)))
        ]

    async def _of_some_users(self, stretch: Stretch) -> list[Place] | None:
        """The sessions of the users in ``stretch``, unless they are too many."""
        found = cast("list[bytes]", await self._commands.run(*stretch.some(_USERS_AT_MOST + 1)))
        return await self._of_few_users(found)

    async def _of_few_users(self, found: Sequence[bytes]) -> list[Place] | None:
        """The sessions of the users at these entries of an index, unless they are too many."""
        if len(found) > _USERS_AT_MOST:
            return None
        bare_ids = dict.fromkeys(map(places.bare_of, found))
        return await self._of_users((_USER_LEAD + bare_id).decode() for bare_id in bare_ids)

    async def _of_users(self, user_ids: Iterable[str]) -> list[Place]:
        asked: list[Command] = [("GET", keys.user_tag_of(UserId(user_id))) for user_id in user_ids]
        tags = [read_tag(reply) for reply in await self._commands.run_all(asked)]
        return [Scored(keys.user_applications(tag), _SESSION_LEAD) for tag in tags if tag is not None]


def _entered(field: str, text: str) -> tuple[bytes, ...]:
    """What users whose ``field`` is, or begins with, ``text`` are entered under, in an older version too."""
    if field == "identity_provider":
        return provider_word_bytes(text), word_bytes(text)
    return (word_bytes(text),)


def _is_named(provider: Run, text: str) -> bool:
    """Whether the provider whose sessions are at this place has a name that begins with ``text``, folded."""
    return folded(provider.lead[:-1].decode(errors="surrogatepass")).startswith(text)


_BY = {"identity_provider": keys.BY_PROVIDER, "country_code": keys.BY_COUNTRY}
