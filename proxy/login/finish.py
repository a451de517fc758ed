"""The second half of a login: the provider's verified answer is here, and a session begins or does not."""

import hashlib

from idp_adapters import Identity, LoginCompleted, LoginError, Provider, allowed
from proxy.addresses import sign_in, sign_in_again, switch_account
from proxy.login.answers import Answer, answer, redirect
from proxy.login.cookies import clearing_login
from proxy.login.desk import Desk, log
from proxy.login.flow import Accepted, accept_answer, home_at, home_of, read_claim
from proxy.login.notices import block_of, failure_of
from proxy.login.tell import Denial, tell_denied, tell_login, tell_token_left
from proxy.login.transaction import Arrived, Stage, Transaction, decode, key_of
from proxy.login.visit import Visit
from proxy.person import account_of, principal_of
from proxy.problems import (
    ALREADY_SIGNED_IN,
    ANSWER_EXPIRED,
    FOREIGN_ORIGIN,
    LOGIN_OVERTAKEN,
    LOGIN_UNKNOWN,
    NOT_ALLOWED,
    TOO_MANY_FAILURES,
    Link,
    Problem,
)
from session_store import CookieHash, EndReason, LoginBlocked, LoginOvertaken, StoreTime


async def finish_login(desk: Desk, visit: Visit, provider: Provider) -> Answer:
    """Answer a callback whose answer comes with the browser's cookie. Raises StoreUnavailable."""
    state = provider.state_of(visit.parameters)
    kept, now = await desk.kept("login", state)
    login = await _take(desk, visit, provider, "login", state, decode(kept, Transaction), now)
    if isinstance(login, Problem):
        return await refuse_unknown(desk, visit, provider, login)
    try:
        completed = await provider.complete(
            visit.parameters, login.transaction.memory, desk.party(visit, provider)
        )
    except LoginError as error:
        return await _failed(desk, visit, login, error)
    return await _admit(desk, visit, login, provider, completed)


async def finish_arrived(desk: Desk, visit: Visit, provider: Provider) -> Answer:
    """Answer the browser that comes with its cookie after its answer was verified. Raises StoreUnavailable.

    By POST it confirms an answer that nobody asked for, from the page that named the account.
    """
    if visit.method == "POST" and not visit.from_own_page:
        return answer(visit, FOREIGN_ORIGIN)
    state = visit.parameter("state") or ""
    stage: Stage = "asked" if visit.method == "POST" else "answered"
    kept, now = await desk.kept(stage, state)
    arrived = decode(kept, Arrived)
    transaction = arrived.transaction if arrived is not None else None
    login = await _take(desk, visit, provider, stage, state, transaction, now)
    if arrived is None or isinstance(login, Problem):
        return await refuse_unknown(
            desk, visit, provider, login if isinstance(login, Problem) else LOGIN_UNKNOWN
        )
    return await _admit(desk, visit, login, provider, arrived.completed)


async def refuse_unknown(
    desk: Desk, visit: Visit, provider: Provider, problem: Problem, way_back: Link | None = None
) -> Answer:
    """The answer to what answers no login of this browser: made up, used before, or too late."""
    log.warning("login_failed", reason="unknown_login", page=problem.page_code, **about(visit, provider.name))
    if not await desk.count_failure(visit):
        return answer(visit, TOO_MANY_FAILURES)
    if way_back is not None or not visit.host.routes:
        return answer(visit, problem, links=[] if way_back is None else [way_back])
    home = home_at(visit.host, provider.name) or home_of(visit.host)
    if problem is LOGIN_UNKNOWN and await desk.open_session(visit) is not None:
        return answer(visit, ALREADY_SIGNED_IN, links=[Link("Go on", home)])
    return answer(visit, problem, links=[sign_in(home)])


def about(visit: Visit, provider: str) -> dict[str, str]:
    """What a log line tells of a visit in a login."""
    return {
        "provider": provider,
        "hostname": visit.host.hostname,
        "client_address": visit.caller.address,
        "request_id": visit.caller.request_id,
    }


async def _take(
    desk: Desk,
    visit: Visit,
    provider: Provider,
    stage: Stage,
    state: str,
    transaction: Transaction | None,
    now: StoreTime,
) -> Accepted | Problem:
    """The login of this browser that is kept for ``state``, taken out so that no second request finds it.

    A browser without the login's cookie takes nothing: the one that began it may still come.
    """
    claim = read_claim(visit, state)
    if isinstance(claim, Problem):
        return claim
    if not claim.candidates or transaction is None:
        return LOGIN_UNKNOWN
    login = accept_answer(visit, provider.name, claim, transaction, now)
    if isinstance(login, Accepted) and await desk.store.take_login(key_of(stage, state)) is None:
        return LOGIN_UNKNOWN
    return login


async def _failed(desk: Desk, visit: Visit, login: Accepted, error: LoginError) -> Answer:
    await desk.count_failure(visit)
    log.warning(
        "login_failed", reason=error.reason, detail=error.detail, **about(visit, login.transaction.provider)
    )
    problem = failure_of(error, in_callback=visit.parameter("error") is not None)
    return answer(visit, problem, links=[sign_in(login.return_path)], cookies=_without_login(login))


async def _admit(
    desk: Desk, visit: Visit, login: Accepted, provider: Provider, completed: LoginCompleted
) -> Answer:
    if not allowed(login.route.rules, completed.identity):
        return await _denied(desk, visit, login, completed.identity, "not_allowed", NOT_ALLOWED)
    return await _let_in(desk, visit, login, provider, completed)


async def _denied(
    desk: Desk, visit: Visit, login: Accepted, identity: Identity, why: Denial, problem: Problem
) -> Answer:
    """The rules or an administrator say no: no session, no user, and a way to another account."""
    principal = principal_of(identity, login.transaction.provider)
    account = account_of(principal)
    if await desk.count_failure(visit):
        await tell_denied(desk, visit, login, principal, why)
    else:
        # A flood of refusals must not push everything else out of the list of events.
        log.warning("login_denied", account=account, reason=why, **about(visit, login.transaction.provider))
    links = [switch_account(login.return_path)]
    return answer(visit, problem, account=account, links=links, cookies=_without_login(login))


async def _let_in(
    desk: Desk, visit: Visit, login: Accepted, provider: Provider, completed: LoginCompleted
) -> Answer:
    """Begin a browser session under a new cookie value, and end the one that it replaces."""
    secret = desk.new_secret()
    now = desk.now_ms()
    cookie = visit.host.cookie
    ends_at = now + desk.site.max_session_s(cookie.scope) * 1000
    if completed.ends_at is not None:
        ends_at = min(ends_at, int(completed.ends_at * 1000))
    if ends_at <= now:
        # Allowed for by the tolerance of clocks, or passed since: a session that is over would only loop.
        log.warning("login_failed", reason="expired", **about(visit, provider.name))
        links = [sign_in(login.return_path)]
        return answer(visit, ANSWER_EXPIRED, links=links, cookies=_without_login(login))
    try:
        browser = await desk.store.complete_login(
            principal_of(completed.identity, provider.name),
            provider_name=provider.display_name,
            begun_at=login.transaction.begun_at,
            scope=cookie.scope,
            cookie_hash=CookieHash(hashlib.sha256(secret.encode()).digest()),
            expires_at=ends_at,
            names=completed.names,
            memory=completed.memory,
            access_token=completed.access_token,
        )
    except LoginBlocked as error:
        return await _denied(desk, visit, login, completed.identity, "blocked", block_of(error.until_ms))
    except LoginOvertaken:
        log.warning("login_failed", reason="overtaken", **about(visit, provider.name))
        links = [sign_in_again(login.return_path)]
        return answer(visit, LOGIN_OVERTAKEN, links=links, cookies=_without_login(login))
    await desk.end_session(visit, EndReason.REPLACED, browser.user_id)
    await tell_token_left(desk, await desk.end_token_session(visit))
    await tell_login(desk, visit, login, browser.user_id)
    cookies = [cookie.setting(secret), *_without_login(login)]
    return redirect(visit, login.return_path, cookies=cookies)


def _without_login(login: Accepted) -> list[str]:
    return [clearing_login(login.cookie_name, secure=login.route.secure)]
