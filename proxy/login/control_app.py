"""The control app: the login flow and its pages as an aiohttp application, reached through the edge only.

The rim: it turns a request into a Visit, lets the flow answer, and turns the Answer into a response. It reads
no body but a provider's form, and it judges the request target as received, never aiohttp's decoded forms.
What the edge says of a request it takes from a header; who has it from elsewhere gives it along.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from idp_adapters import Parameters, Provider, Providers
from proxy.context import Contexts, Places
from proxy.identity_jwt import IdentityKey
from proxy.login import answers
from proxy.login.answers import Answer
from proxy.login.arrive import receive_answer, receive_code
from proxy.login.begin import begin_for_third_party, begin_login
from proxy.login.desk import Desk, fresh_secret, log, unix_ms
from proxy.login.finish import finish_arrived, finish_login
from proxy.login.forms import Forms
from proxy.login.leave import leave, signed_out
from proxy.login.own_metadata import tell_keys, tell_metadata
from proxy.login.own_sessions import own_sessions
from proxy.login.places import Errand, Place, ProviderPlace, methods_of, place_of, takes_form
from proxy.login.provider_logout import hear_back_channel, hear_front_channel, hear_saml
from proxy.login.turns import Turns
from proxy.login.visit import Unreadable, Visit, read_visit
from proxy.problems import (
    INTERNAL,
    LOGINS_BUSY,
    METHOD_NOT_SUPPORTED,
    RESERVED_NOT_FOUND,
    STORE_UNAVAILABLE,
    Problem,
)
from proxy.routes import Site
from session_store import Store, StoreUnavailable

FAILURE_HOLDS_S = 0.1
"""How long a message that failed keeps its turn: a flood of them is dealt with at twenty a second."""
_COSTLY = frozenset({Errand.ACS, Errand.SLO})
"""What costs us; a callback mostly waits for its provider, and as many as come may do so."""


@dataclass(frozen=True, slots=True)
class Rim:
    """What the dispatch needs of the rim: the request's form, and the turns at each provider's addresses."""

    read_form: Callable[[], Awaitable[Parameters | Problem]]
    turns: Mapping[tuple[str, Errand], Turns]


def create_control_app(
    site: Site,
    store: Store,
    providers: Providers,
    *,
    identity_key: IdentityKey | None = None,
    contexts: Contexts | None = None,
    now_ms: Callable[[], int] = unix_ms,
    new_secret: Callable[[], str] = fresh_secret,
) -> web.Application:
    """The application that answers ``/.outerward/…`` and its aliases.

    ``identity_key`` and ``contexts`` are the worker's. ``now_ms`` is Unix time; ``new_secret`` gives 256
    random bits as 43 characters of base64url. Its runner has no access log, since the addresses of callbacks
    carry codes, and no ``auto_decompress``, since no compressed body is read.
    """
    key, contexts = identity_key or IdentityKey(store.settle), contexts or Contexts(Places(()))
    control = Control(Desk(site, store, providers, key, contexts, now_ms, new_secret))

    @web.middleware
    async def front(request: web.Request, handler: Handler) -> web.StreamResponse:
        # In front of aiohttp's own routing, which would look at its decoded path; nothing is behind it.
        return await control.respond(request, request.raw_headers)

    return web.Application(middlewares=[front])


class Control:
    """Answers the requests for the reserved paths of one site, by what ``desk`` has."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._forms = Forms()
        self._turns = {(name, errand): Turns() for name in desk.providers for errand in _COSTLY}

    async def respond(self, request: web.Request, headers: Sequence[tuple[bytes, bytes]]) -> web.Response:
        """The answer to ``request``, whose ``headers`` have the edge's own among them; it never raises."""
        desk = self._desk
        visit = read_visit(desk.site, request.method, request.raw_path, headers, desk.contexts.kept)
        rim = Rim(lambda: self._forms.read(request), self._turns)
        return response_of(await _answer(desk, visit, rim))


def response_of(answer: Answer) -> web.Response:
    """``answer`` for aiohttp."""
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


async def _answer(desk: Desk, visit: Visit | Unreadable, rim: Rim) -> Answer:
    if isinstance(visit, Unreadable):
        return answers.unreadable(visit)
    try:
        return await _dispatch(desk, visit, rim)
    except StoreUnavailable as error:
        log.warning("store_unavailable", detail=str(error), request_id=visit.caller.request_id)
        return answers.answer(visit, STORE_UNAVAILABLE)
    except Exception as error:
        # An error's text may quote what was sent; where it happened is enough.
        log.error(
            "control_app_failed",
            error=type(error).__name__,
            where=[f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)],
            request_id=visit.caller.request_id,
        )
        return answers.answer(visit, INTERNAL)


async def _dispatch(desk: Desk, visit: Visit, rim: Rim) -> Answer:
    place = place_of(visit, desk.site, desk.providers)
    if place is None:
        return answers.answer(visit, RESERVED_NOT_FOUND)
    methods = methods_of(place)
    if visit.method not in methods:
        return answers.answer(visit, METHOD_NOT_SUPPORTED, headers=[("Allow", ", ".join(methods))])
    form = await rim.read_form() if takes_form(place, visit.method) else ()
    if isinstance(form, Problem):
        return answers.answer(visit, form)
    match place:
        case ProviderPlace():
            return await _at_provider(desk, visit, place, form, rim)
        case Place.LOGIN if visit.method == "POST" and not visit.from_own_page:
            sent = await rim.read_form()
            return begin_for_third_party(visit, () if isinstance(sent, Problem) else sent)
        case Place.LOGIN:
            return await begin_login(desk, visit)
        case Place.LOGOUT:
            return await leave(desk, visit)
        case Place.SIGNED_OUT:
            return await signed_out(desk, visit)
        case Place.SESSIONS:
            return await own_sessions(desk, visit, form)
        case Place.JWKS:
            return await tell_keys(desk, visit)


async def _at_provider(desk: Desk, visit: Visit, place: ProviderPlace, form: Parameters, rim: Rim) -> Answer:
    provider, errand = desk.providers[place.provider], place.errand
    if errand not in _COSTLY:
        return await _run(errand, desk, visit, provider, form)
    async with rim.turns[place.provider, errand].one() as had:
        if not had:
            return answers.answer(visit, LOGINS_BUSY)
        done = await _run(errand, desk, visit, provider, form)
        if done.status >= HTTPStatus.BAD_REQUEST:
            await asyncio.sleep(FAILURE_HOLDS_S)
        return done


async def _run(errand: Errand, desk: Desk, visit: Visit, provider: Provider, form: Parameters) -> Answer:
    match errand:
        case Errand.CALLBACK if visit.method == "POST":
            return await receive_code(desk, visit, provider, form)
        case Errand.CALLBACK if visit.host is desk.site.login:
            return await receive_code(desk, visit, provider, visit.parameters)
        case Errand.CALLBACK:
            return await finish_login(desk, visit, provider)
        case Errand.ACS:
            return await receive_answer(desk, visit, provider, form)
        case Errand.FINISH:
            return await finish_arrived(desk, visit, provider)
        case Errand.SLO:
            return await hear_saml(desk, visit, provider, form)
        case Errand.BACKCHANNEL_LOGOUT:
            return await hear_back_channel(desk, visit, provider, form)
        case Errand.FRONTCHANNEL_LOGOUT:
            return await hear_front_channel(desk, visit, provider)
        case Errand.METADATA:
            return await tell_metadata(desk, visit, provider)
