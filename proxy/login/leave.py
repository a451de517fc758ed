"""Signing out here: at once where the visitor plainly asked for it, else by one button."""

from proxy.addresses import SIGNED_OUT_PATH, logout_path, sign_in
from proxy.answers import clearing
from proxy.login.answers import Answer, answer, redirect
from proxy.login.desk import Desk, log
from proxy.login.flow import home_of, logout_step
from proxy.login.return_path import safe_return_path
from proxy.login.visit import Visit
from proxy.problems import LOGOUT_ASK, SIGNED_OUT, Link, Problem
from session_store import EndReason


async def leave(desk: Desk, visit: Visit) -> Answer:
    """Answer the logout address. Raises StoreUnavailable, and then the cookie is kept."""
    wanted = visit.parameter("redirect_path")
    return_path = None if wanted is None else safe_return_path(wanted)
    step = logout_step(visit)
    if isinstance(step, Problem):
        return answer(visit, step)
    if step == "ask":
        return answer(visit, LOGOUT_ASK, links=[Link("Sign out", logout_path(return_path), post=True)])
    user = await desk.end_session(visit, EndReason.LOGOUT)
    if user is not None:
        log.info("logout", user=user, client_address=visit.caller.address, request_id=visit.caller.request_id)
    return redirect(visit, return_path or SIGNED_OUT_PATH, cookies=[clearing(visit.any_route)])


def signed_out(visit: Visit) -> Answer:
    """The page after a logout."""
    return answer(visit, SIGNED_OUT, links=[sign_in(home_of(visit.host))])
