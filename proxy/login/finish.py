"""The second half of a login: the provider's answer comes back, and a session begins or does not."""

import hashlib

from idp_adapters import Identity, LoginError, Provider, allowed
from proxy.addresses import sign_in, sign_in_again, switch_account
from proxy.gate import account_of
from proxy.login.answers import Answer, answer, redirect
from proxy.login.cookies import clearing_login, setting_session
from proxy.login.desk import Desk, log
from proxy.login.flow import Accepted, accept_answer, home_of, principal_of, read_claim, redirect_uri
from proxy.login.notices import failure_of
from proxy.login.transaction import decode, key_of
from proxy.login.visit import Visit
from proxy.problems import (
    ALREADY_SIGNED_IN,
    LOGIN_OVERTAKEN,
    LOGIN_UNKNOWN,
    NOT_ALLOWED,
    TOO_MANY_FAILURES,
    Link,
    Problem,
)
from session_store import CookieHash, EndReason, LoginOvertaken


async def finish_login(desk: Desk, visit: Visit, provider: Provider) -> Answer:
    """Answer a provider's callback. Raises StoreUnavailable."""
    login = await _take(desk, visit, provider)
    if isinstance(login, Problem):
        return await _nobodys(desk, visit, provider, login)
    try:
        identity = await provider.complete(
            visit.parameters, login.transaction.memory, redirect_uri(login.route)
        )
    except LoginError as error:
        return await _failed(desk, visit, login, error)
    if not allowed(login.route.rules, identity):
        return await _denied(desk, visit, login, identity)
    return await _let_in(desk, visit, login, provider, identity)


async def _take(desk: Desk, visit: Visit, provider: Provider) -> Accepted | Problem:
    """The login that this callback answers, taken out of the store so that no second answer finds it.

    A browser without the login's cookie takes nothing: the one that began it may still come.
    """
    claim = read_claim(visit)
    if isinstance(claim, Problem):
        return claim
    if not claim.candidates:
        return LOGIN_UNKNOWN
    now = await desk.store.now()
    kept = await desk.store.take_login(key_of(claim.state))
    return accept_answer(visit, provider.name, claim, decode(kept) if kept else None, now)


async def _nobodys(desk: Desk, visit: Visit, provider: Provider, problem: Problem) -> Answer:
    """A callback that answers no login of this browser: made up, used before, or too late."""
    log.warning("login_failed", reason="unknown_login", **_context(visit, provider.name))
    if not await desk.count_failure(visit):
        return answer(visit, TOO_MANY_FAILURES)
    home = home_of(visit.host)
    if problem is LOGIN_UNKNOWN and await desk.open_session(visit) is not None:
        return answer(visit, ALREADY_SIGNED_IN, links=[Link("Go on", home)])
    return answer(visit, problem, links=[sign_in(home)])


async def _failed(desk: Desk, visit: Visit, login: Accepted, error: LoginError) -> Answer:
    await desk.count_failure(visit)
    log.warning(
        "login_failed",
        reason=error.reason,
        detail=error.detail,
        **_context(visit, login.transaction.provider),
    )
    problem = failure_of(error.reason, in_callback=visit.parameter("error") is not None)
    return answer(visit, problem, links=[sign_in(login.return_path)], cookies=_without_login(login))


async def _denied(desk: Desk, visit: Visit, login: Accepted, identity: Identity) -> Answer:
    """The rules say no: no session, no user, and a way to another account."""
    await desk.count_failure(visit)
    account = account_of(principal_of(identity, login.transaction.provider))
    log.warning("login_denied", account=account, **_context(visit, login.transaction.provider))
    links = [switch_account(login.return_path)]
    return answer(visit, NOT_ALLOWED, account=account, links=links, cookies=_without_login(login))


async def _let_in(
    desk: Desk, visit: Visit, login: Accepted, provider: Provider, identity: Identity
) -> Answer:
    """Begin a browser session under a new cookie value, and end the one that it replaces."""
    secret = desk.new_secret()
    try:
        browser = await desk.store.complete_login(
            principal_of(identity, provider.name),
            provider_name=provider.display_name,
            begun_at=login.transaction.begun_at,
            scope=visit.host.hostname,
            cookie_hash=CookieHash(hashlib.sha256(secret.encode()).digest()),
            expires_at=desk.now_ms() + visit.host.max_session_s * 1000,
        )
    except LoginOvertaken:
        log.warning("login_failed", reason="overtaken", **_context(visit, provider.name))
        links = [sign_in_again(login.return_path)]
        return answer(visit, LOGIN_OVERTAKEN, links=links, cookies=_without_login(login))
    await desk.end_session(visit, EndReason.REPLACED, browser.user_id)
    log.info("login", user=browser.user_id, **_context(visit, provider.name))
    cookies = [setting_session(secret, login.route), *_without_login(login)]
    return redirect(visit, login.return_path, cookies=cookies)


def _without_login(login: Accepted) -> list[str]:
    return [clearing_login(login.cookie_name, login.route)]


def _context(visit: Visit, provider: str) -> dict[str, str]:
    return {
        "provider": provider,
        "hostname": visit.host.hostname,
        "client_address": visit.caller.address,
        "request_id": visit.caller.request_id,
    }
