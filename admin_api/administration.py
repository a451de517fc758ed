"""Who is signed in to the dashboard, by its cookie: how that begins, what it proves at each request, its end.

A token's session is the store's; whoever signed in through a provider is found by ``FindPerson``. Neither the
cookie nor a token is ever told, not even in an error. Refuses to know pages and forms.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from admin_api.admin_cookie import AdminCookie, csrf_of, hash_of
from admin_api.auth import BOOTSTRAP_HOLDER, Authenticator, Caller, Holder, Limit, holder_of
from admin_api.own_address import OwnAddress
from admin_api.problems import Code, Problem
from session_store import CookieHash, EndReason, Event, SignedIn, Store, StoreUnavailable

_VALUE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in through a provider; the rules were applied to what it says now."""

    caller: Caller
    name: str


FindPerson = Callable[[CookieHash], Awaitable[Person | None]]
"""Who has the browser session of this cookie and may see the dashboard. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Whom a cookie proves, and what pages show and send: ``csrf`` as ``X-Outerward-CSRF``.

    ``by_provider``: the session is ended where it began, by the login flow, not by ``sign_out``.
    """

    caller: Caller
    name: str
    by_provider: bool
    csrf: str = field(repr=False)


class Administration:
    """Begins, recognises and ends what the cookie stands for; ``now_ms`` is Unix time.

    ``sign_ins`` limits how often one token begins a session. Without ``find_person`` nobody signs in through
    a provider.
    """

    def __init__(
        self,
        store: Store,
        authenticator: Authenticator,
        sign_ins: Limit,
        public_url: str,
        find_person: FindPerson | None,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._authenticator = authenticator
        self._sign_ins = sign_ins
        self._address = OwnAddress(public_url)
        self._cookie = AdminCookie(secure=self._address.secure)
        self._find_person = find_person
        self._now_ms = now_ms
        self.public_url = public_url

    @property
    def cookie_name(self) -> str:
        """What the cookie is called at this address."""
        return self._cookie.name

    async def who(self, request: web.Request) -> Administrator | None:
        """Who is signed in, by the cookie alone, which this is a use of. Raises StoreUnavailable."""
        return await self._who(request, in_use=True)

    async def still(self, request: web.Request, caller: Caller) -> bool:
        """Whether the cookie still proves ``caller``; no use of it. Raises StoreUnavailable."""
        found = await self._who(request, in_use=False)
        return found is not None and found.caller == caller

    def has_cookie(self, request: web.Request) -> bool:
        """Whether one cookie of the name came along, whose value can be one of ours."""
        return self._cookie.value_in(_cookies(request)) is not None

    def clearing(self, request: web.Request) -> str:
        """The ``Set-Cookie`` line to answer two cookies of the name with, of which none counts; else ""."""
        return self._cookie.clearing if self._cookie.count_in(_cookies(request)) > 1 else ""

    def is_own_host(self, request: web.Request) -> bool:
        """Whether the request was sent to the address of ``public_url`` and no other."""
        return self._address.is_host(_lines(request, "Host"))

    def is_from_own_page(self, request: web.Request) -> bool:
        """Whether a page of ours sent it: ``Origin`` or ``Sec-Fetch-Site`` says so, none says otherwise."""
        says = "Origin" in request.headers or "Sec-Fetch-Site" in request.headers
        return says and not self.foreign_line(request)

    def foreign_line(self, request: web.Request) -> str:
        """Which header tells that another site's page sent it; "" where none does, as outside browsers."""
        return self._address.foreign_line(_lines(request, "Origin"), _lines(request, "Sec-Fetch-Site"))

    async def sign_in(self, token: str, address: str, replacing: web.Request | None = None) -> str:
        """The ``Set-Cookie`` line for who gave ``token``; ``address`` is where a failure is counted.

        The session that came with ``replacing`` ends. Raises Problem (401, or 429 past a limit) and
        StoreUnavailable.
        """
        holder = await self._authenticator.holder(token.strip(), address)
        if self._sign_ins.exceeded_by(holder.caller.actor):
            raise Problem(Code.TOO_MANY_FAILURES)
        return await self._begin(holder, "token", replacing)

    async def sign_in_with_code(self, code: str, replacing: web.Request | None = None) -> str | None:
        """As ``sign_in`` for who opened a one-time link; None where it is unknown, used or over."""
        token = await self._store.take_dashboard_link(code)
        holder = None if token is None else holder_of(token)
        return None if holder is None else await self._begin(holder, "link", replacing)

    async def sign_out(self, request: web.Request) -> str:
        """End the token's session that came with ``request``: the ``Set-Cookie`` line that takes it away.

        Durable when it returns. Raises StoreUnavailable.
        """
        value = self._cookie.value_in(_cookies(request))
        if value is not None:
            await self._end(value)
        return self._cookie.clearing

    async def _begin(
        self, holder: Holder, by: Literal["token", "link"], replacing: web.Request | None
    ) -> str:
        if replacing is not None:
            await self._replace(replacing, holder)
        value = secrets.token_urlsafe(_VALUE_BYTES)
        proof = b"" if holder.token_id else self._authenticator.bootstrap_proof(value.encode())
        await self._store.begin_dashboard_session(hash_of(value), token_id=holder.token_id, proof=proof)
        await self._tell("dashboard_login", holder, {"by": by})
        return self._cookie.setting(value)

    async def _replace(self, request: web.Request, holder: Holder) -> None:
        """End what came with ``request``, a token's session or that of somebody from a provider."""
        there = await self._who(request, in_use=False)
        value = self._cookie.value_in(_cookies(request))
        if there is not None and there.by_provider and value is not None:
            await self._store.end_browser_session(hash_of(value), EndReason.REPLACED, holder.caller.actor)
        await self.sign_out(request)

    async def _end(self, value: str) -> None:
        found = await self._store.dashboard_session(hash_of(value), in_use=False)
        holder = None if found is None else self._holder(value, found)
        if await self._store.end_dashboard_session(hash_of(value)) and holder is not None:
            await self._tell("dashboard_logout", holder, {})

    async def _who(self, request: web.Request, *, in_use: bool) -> Administrator | None:
        value = self._cookie.value_in(_cookies(request))
        if value is None:
            return None
        found = await self._store.dashboard_session(hash_of(value), in_use=in_use)
        if found is not None:
            holder = self._holder(value, found)
            return (
                None if holder is None else Administrator(holder.caller, holder.name, False, csrf_of(value))
            )
        person = None if self._find_person is None else await self._find_person(hash_of(value))
        return None if person is None else Administrator(person.caller, person.name, True, csrf_of(value))

    def _holder(self, value: str, found: SignedIn) -> Holder | None:
        if found.token is not None:
            return holder_of(found.token)
        proof = self._authenticator.bootstrap_proof(value.encode())
        # Without a bootstrap token there is no proof, and what is empty proves nothing.
        return BOOTSTRAP_HOLDER if proof and hmac.compare_digest(proof, found.proof) else None

    async def _tell(self, event_type: str, holder: Holder, details: dict[str, str]) -> None:
        event = Event(
            type=event_type,
            at=self._now_ms(),
            actor=holder.caller.actor,
            token_id=holder.token_id,
            details={"name": holder.name, **details},
        )
        # What was done is done; the log has what could not be told.
        with suppress(StoreUnavailable):
            await self._store.record_events([event])


def _cookies(request: web.Request) -> list[str]:
    return _lines(request, "Cookie")


def _lines(request: web.Request, name: str) -> list[str]:
    return request.headers.getall(name, [])
