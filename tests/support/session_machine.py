"""A real store to which acts are done, one by one or two at once, and time that passes for its server too.

What each act is answered, in the words of ``session_acts``. It knows nothing of what must hold.
"""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from redis.exceptions import ResponseError

from session_store import (
    ApplicationSession,
    BrowserSession,
    Context,
    EndReason,
    LoginBlocked,
    LoginOvertaken,
    Principal,
    SessionId,
    Store,
    StoreTime,
    User,
    UserId,
    UserTag,
    Wanted,
    decode,
    keys,
    parse_filter,
)
from session_store import (
    Touch as Noted,
)
from session_store.address import parse_address
from session_store.commands import Commands, Reply
from session_store.fastpath import FastPath
from session_store.ids import IdSource
from session_store.lua import Command
from session_store.records import Location, user_tag
from session_store.sealing import Sealer
from session_store.settings import Retention
from tests.support.interleaving import Schedule, Stepped
from tests.support.redis_server import RedisServer
from tests.support.scene import Clock, cookie, endpoint, person
from tests.support.session_acts import (
    Act,
    Answer,
    Begin,
    BlockUser,
    Delete,
    EndByName,
    Erase,
    Login,
    Logout,
    LogoutElsewhere,
    Refresh,
    Revoke,
    RevokeFound,
    RevokeNamed,
    Sweep,
    Told,
    Touch,
    Unblock,
    Visit,
    Wait,
    address,
    country,
    email,
)
from tests.support.session_model import BLOCK_LASTS_MS, BROWSER_LASTS_MS, MINUTE_MS, PLACES, ROOT, Key

SECRET = "a secret of the tests, 32 long.."


class Gated(Stepped):
    """Commands that all stand at the schedule's gate, those too that only lead to sessions or tell."""

    async def exchange(self, commands: Sequence[Command]) -> list[Reply | ResponseError]:
        if self.schedule is None or commands[0][0] == "INFO":
            return await Commands.exchange(self, commands)
        replies: list[Reply | ResponseError] = []
        for command in commands:
            await self.schedule.gate(self._who, command)
            replies += await Commands.exchange(self, [command])
        return replies


@dataclass
class Machine:
    """A store in three workers' hands, and what a browser or a provider keeps: cookies, and logins begun."""

    url: str
    server: Any
    clock: Clock
    store: Store
    racing: tuple[tuple[Store, Gated], tuple[Store, Gated]]
    travelled_ms: int = 0
    browsers: dict[int, BrowserSession] = field(default_factory=dict)
    sessions: dict[Key, ApplicationSession] = field(default_factory=dict)
    begun: list[tuple[str, StoreTime, int]] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def do(self, act: Act) -> Answer:
        """Do one act, whole."""
        answer = await self._do(self.store, act)
        self._block_by_the_servers_clock(act, answer)
        return answer

    async def race(self, turns: Sequence[int], one: Act, two: Act) -> list[Answer]:
        """Do two acts at once, command by command in the order of ``turns``."""
        schedule = Schedule(turns)
        for _, commands in self.racing:
            commands.schedule = schedule
        first, second = self.racing
        try:
            answers = await schedule.run(one=self._do(first[0], one), two=self._do(second[0], two))
        finally:
            for _, commands in self.racing:
                commands.schedule = None
        for act, answer in zip((one, two), answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            self._block_by_the_servers_clock(act, cast("Answer", answer))
        return cast("list[Answer]", answers)

    def told(self, act: Act) -> Told:
        """The ids that are stored of what ``act`` began."""
        match act:
            case Login(who):
                record = self.server.get(keys.user(_tag(who)))
                user_id = decode(record, User).id if record is not None else ""
                if user_id and user_id not in self.ids[who]:
                    self.ids[who].append(user_id)
                return Told(user_id=user_id)
            case Visit(number, where):
                session_id = self.server.hget(keys.endpoints(cookie(str(number))), endpoint(where).id)
                return Told(session_id=(session_id or b"").decode())
        return Told()

    async def _do(self, store: Store, act: Act) -> Answer:
        match act:
            case Begin() | Login():
                return await self._of_login(store, act)
            case Visit() | Touch() | Refresh():
                return await self._of_use(store, act)
            case Wait(minutes):
                self._wait(minutes * MINUTE_MS)
                return None
            case Sweep(whole):
                self.server.delete(keys.SWEEP if whole else keys.SWEEP_DUE)
                await (store._sweeper.sweep() if whole else store._sweeper.sweep_due())
                return None
        return await self._of_end(store, act)

    async def _of_login(self, store: Store, act: Begin | Login) -> Answer:
        if isinstance(act, Begin):
            self.begun.append((act.who, await store.now(), self.travelled_ms))
            return None
        if act.begun is None:
            begun_at = await store.now()
        else:
            _, then, travelled_ms = self.begun[act.begun]
            begun_at = StoreTime(then - 1000 * (self.travelled_ms - travelled_ms))
        try:
            self.browsers[act.cookie] = await store.complete_login(
                said_of(act.who, 0),
                provider_name="Corp",
                begun_at=begun_at,
                scope="app.example.com",
                cookie_hash=cookie(str(act.cookie)),
                expires_at=self.clock() + BROWSER_LASTS_MS,
                names=[f"sid {act.cookie}", f"sub {act.who}"],
                memory=b"hint",
            )
        except LoginOvertaken:
            return "overtaken"
        except LoginBlocked as error:
            return f"blocked until {error.until_ms}"
        return "live"

    async def _of_use(self, store: Store, act: Visit | Touch | Refresh) -> Answer:
        match act:
            case Visit(number, where, context):
                browser, place = self.browsers[number], PLACES[where]
                found = await store.start_application_session(
                    browser,
                    endpoint(where),
                    expires_at=browser.issued_at + place.lasts_ms,
                    idle_timeout_s=place.idle_ms // 1000,
                    context=context_of(context),
                )
                if isinstance(found, ApplicationSession):
                    self.sessions[number, where] = found
                    return "live"
                return found.reason if found is not None else None
            case Touch(number, where, context):
                used = self.sessions.get((number, where))
                seen = None if context is None else context_of(context)
                if used is not None:
                    noted = Noted(session=used, at_ms=self.clock(), requests=1, context=seen)
                    await store.touch([noted])
                return None
            case Refresh(number, said):
                browser_now = await store.browser_session(cookie(str(number)))
                if not isinstance(browser_now, BrowserSession):
                    return False
                return await store.finish_refresh(
                    browser_now,
                    "holder",
                    principal=said_of(browser_now.principal.subject, said),
                    refreshed_at=self.clock(),
                    access_token="",
                    memory=b"",
                )

    async def _of_end(self, store: Store, act: Act) -> Answer:
        match act:
            case Revoke(number, where):
                session_id = self.sessions[number, where].id
                return await store.end_application_session(session_id, EndReason.REVOKED, ROOT)
            case Logout(number):
                return await store.end_browser_session(cookie(str(number)), EndReason.LOGOUT, ROOT)
            case LogoutElsewhere(who, keep):
                return await store.end_others(_tag(who), cookie(str(keep)), EndReason.LOGOUT, ROOT)
            case EndByName(who, number):
                name = f"sub {who}" if number is None else f"sid {number}"
                return await store.end_provider_sessions(
                    "corp", [name], EndReason.BACK_CHANNEL, "provider:corp"
                )
            case BlockUser(_, user_id, for_good):
                until = None if for_good else self.clock() + BLOCK_LASTS_MS
                block = await store.block_user(UserId(user_id), until=until, reason="", by=ROOT)
                return "blocked" if block is not None else None
            case Unblock(_, user_id):
                return await store.unblock_user(UserId(user_id), ROOT)
            case Delete(_, user_id):
                return await store.delete_user(UserId(user_id), ROOT)
            case Erase(_, user_id):
                return await store.erase_user(UserId(user_id), ROOT)
            case RevokeFound(by, value):
                wanted = Wanted(parse_filter(filter_of(by, value), "sessions"))
                return (await store.end_found(wanted, by=ROOT, run=f"{by} {value}")).matched
            case RevokeNamed(chosen):
                ids = [SessionId(self.sessions[key].id) for key in chosen if key in self.sessions]
                return (await store.end_named(ids, by=ROOT)).matched
        raise AssertionError(act)

    def _wait(self, ms: int) -> None:
        """Let time pass for the workers, and for all that runs by the server's clock."""
        self.clock.advance(ms)
        self.travelled_ms += ms
        names = self.server.keys("ow:*")
        for name, life in zip(names, self._each("pttl", names), strict=True):
            if 0 <= life <= ms:
                self.server.delete(name)
            elif life > 0:
                self.server.pexpire(name, life - ms)
        for name in self.server.keys("ow:*"):
            if name.startswith((b"ow:ub:", b"ow:ua:", b"ow:o:")):
                entries = self.server.zrange(name, 0, -1, withscores=True)
                self.server.zadd(name, {member: score - ms for member, score in entries})
            elif name.startswith(b"ow:g:"):
                self.server.hincrby(name, "at", -1000 * ms)
            elif name.startswith(b"ow:oe:"):
                self.server.set(name, int(self.server.get(name)) - 1000 * ms, keepttl=True)

    def _each(self, command: str, names: Sequence[bytes]) -> list[Any]:
        pipe = self.server.pipeline(transaction=False)
        for name in names:
            getattr(pipe, command)(name)
        return list(pipe.execute())

    def _block_by_the_servers_clock(self, act: Act, answer: Answer) -> None:
        """A block tells when it ends, not how long it lasts: tell it by the clock that has not moved."""
        if isinstance(act, BlockUser) and answer == "blocked":
            place = keys.block(_tag(act.who))
            if self.server.pttl(place) > 0:
                self.server.pexpire(place, BLOCK_LASTS_MS)


@asynccontextmanager
async def machine(url: str) -> AsyncIterator[Machine]:
    """A machine over the store at ``url``."""
    clock, address = Clock(now_ms=time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS), parse_address(url)
    hands: list[tuple[Store, Gated]] = []
    for who in ("one", "two"):
        commands, ids = Gated(address, who), IdSource(now_s=lambda: clock() / 1000)
        fastpath = FastPath(address, timeout_s=10)
        hands.append(
            (Store(address, commands, fastpath, Sealer([SECRET]), ids, Retention(), clock), commands)
        )
    store = Store.open(url, secrets=[SECRET], now_ms=clock, check_timeout_s=10, command_timeout_s=30)
    server = RedisServer.looking_at(url)
    try:
        await store.start()
        await store.ping()
        yield Machine(url, server, clock, store, (hands[0], hands[1]))
    finally:
        server.close()
        for each in (store, *(hand for hand, _ in hands)):
            await each.close()


def said_of(who: str, said: int) -> Principal:
    """The person as the provider tells of them for the time ``said``."""
    return msgspec.structs.replace(person(who), email=email(who, said), name=f"{who} {said}")


def context_of(context: int) -> Context:
    """From where a request comes."""
    return Context(ip_address=address(context), location=Location(country_code=country(context)))


def filter_of(by: str, value: str) -> str:
    """The filter for a field's value."""
    return f'obj.{by} == "{value}"'


def _tag(who: str) -> UserTag:
    return user_tag(person(who).issuer, who)
