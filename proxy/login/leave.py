"""Signing out here: at once where the visitor plainly asked for it, else by one button; then at the provider.

The session here ends first. What the provider, or a store that has just gone away, does after that changes
nothing about it.
"""

from typing import NamedTuple

from idp_adapters import LoginError, LogoutBegun
from proxy.addresses import SIGNED_OUT_PARTLY, SIGNED_OUT_PATH, logout_path, sign_in
from proxy.login.answers import Answer, answer, redirect, send
from proxy.login.cookies import LOGIN_LIFETIME_S
from proxy.login.desk import Desk, log
from proxy.login.flow import begun_for, home_of, logout_step, own_path
from proxy.login.tell import tell_left, tell_token_left
from proxy.login.transaction import LogoutUnderWay, decode, encode, key_of
from proxy.login.visit import Visit
from proxy.problems import LOGOUT_ASK, SIGNED_OUT, SIGNED_OUT_HERE_ONLY, Link, Problem
from session_store import BrowserSession, EndReason, StoreUnavailable


class _Left(NamedTuple):
    """A session that has ended here, and what its provider wants to be reminded of."""

    session: BrowserSession
    memory: bytes


async def leave(desk: Desk, visit: Visit) -> Answer:
    """Answer the logout address. Raises StoreUnavailable, and then the cookie is kept."""
    wanted = visit.parameter("redirect_path")
    return_path = None if wanted is None else own_path(visit.host, wanted)
    step = logout_step(visit)
    if isinstance(step, Problem):
        return answer(visit, step)
    if step == "ask":
        return answer(visit, LOGOUT_ASK, links=[Link("Sign out", logout_path(return_path), post=True)])
    left = await _end_here(desk, visit)
    cookies = visit.host.cookie.clearings
    if left is None:
        return redirect(visit, return_path or SIGNED_OUT_PATH, cookies=cookies)
    try:
        begun = await _begin_at_provider(desk, visit, left, return_path)
    except (LoginError, StoreUnavailable) as error:
        log.warning("logout_here_only", error=str(error), request_id=visit.caller.request_id)
        return redirect(visit, SIGNED_OUT_PARTLY, cookies=cookies)
    if begun is not None:
        return send(visit, begun.sending, cookies=cookies)
    return redirect(visit, return_path or SIGNED_OUT_PATH, cookies=cookies)


async def signed_out(desk: Desk, visit: Visit) -> Answer:
    """The page after a logout; a browser that comes from the provider may have a page to go on to."""
    state = visit.parameter("state")
    if state and visit.method == "GET":
        under_way = decode(await desk.store.take_login(key_of("logout", state)), LogoutUnderWay)
        return redirect(visit, page_after(desk, visit, under_way))
    matter = SIGNED_OUT if visit.parameter("partly") is None else SIGNED_OUT_HERE_ONLY
    return answer(visit, matter, links=[sign_in(home_of(visit.host))] if visit.host.routes else [])


def page_after(desk: Desk, visit: Visit, under_way: LogoutUnderWay | None, otherwise: str = "") -> str:
    """Where the browser goes from its provider: the page that it wanted, on the host where it signed out.

    ``otherwise`` is what that host says instead, where not all went well.
    """
    host = begun_for(desk.site, visit, under_way.hostname) if under_way is not None else None
    if host is None or under_way is None:
        return otherwise or SIGNED_OUT_PATH
    wanted = under_way.return_path
    path = otherwise or (own_path(host, wanted) if wanted else SIGNED_OUT_PATH)
    return path if host is visit.host else host.origin + path


async def _end_here(desk: Desk, visit: Visit) -> _Left | None:
    """End the session of this visit's cookie; None where it opens none."""
    session = await desk.open_session(visit)
    if session is None:
        await tell_token_left(desk, await desk.end_token_session(visit))
        return None
    memory = await desk.store.session_memory(session.cookie_hash)
    await desk.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, session.user_id)
    log.info(
        "logout",
        user=session.user_id,
        client_address=visit.caller.address,
        request_id=visit.caller.request_id,
    )
    await tell_left(desk, visit, session)
    return _Left(session, memory or b"")


async def _begin_at_provider(
    desk: Desk, visit: Visit, left: _Left, return_path: str | None
) -> LogoutBegun | None:
    """The logout at the provider; None where it has none. Raises LoginError where it cannot be begun now."""
    provider = desk.providers.get(left.session.principal.provider)
    begun = await provider.logout(left.memory, desk.party(visit, provider)) if provider is not None else None
    if provider is None or begun is None:
        return None
    under_way = LogoutUnderWay(
        provider=provider.name,
        hostname=visit.host.hostname,
        return_path=return_path,
        memory=begun.transaction,
    )
    await desk.store.save_login(key_of("logout", begun.state), encode(under_way), LOGIN_LIFETIME_S)
    return begun
