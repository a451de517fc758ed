"""A provider's answer where no cookie of the login comes along: posted across sites, or at the login host.

It is verified here and kept. The browser is sent on by GET to an address of the host where the login began:
its cookie comes along there, and the session is made (interface, part 7). An answer that nobody asked for
becomes a question.
"""

from typing import NamedTuple
from urllib.parse import quote

from idp_adapters import LoginCompleted, LoginError, Parameters, Provider
from proxy.addresses import finish_path, sign_in
from proxy.login.answers import Answer, answer, redirect
from proxy.login.begin import LOGIN_KEPT_S
from proxy.login.cookies import LOGIN_LIFETIME_S, login_cookie_name, setting_login
from proxy.login.desk import Desk, log
from proxy.login.finish import about, refuse_unknown
from proxy.login.flow import begun_for, doubles_protocol, home_at, home_of
from proxy.login.notices import failure_of
from proxy.login.transaction import Arrived, Transaction, decode, digest_of, encode, key_of
from proxy.login.visit import Visit
from proxy.person import account_of, principal_of
from proxy.problems import (
    ANSWER_REPLAYED,
    CALLBACK_MALFORMED,
    CONFIRM_SIGN_IN,
    LOGIN_TOO_OLD,
    LOGIN_UNKNOWN,
    TOO_MANY_FAILURES,
    Link,
    Problem,
)
from session_store import StoreTime

_ONCE_EACH = frozenset({"SAMLResponse", "RelayState"})
SKEW_S = 60
"""How far the provider's clock may be from ours when an answer says when it was made."""
ARRIVED_KEPT_S = 60
"""How long a verified answer waits for its browser, which is on its way."""
MOST_TRIES = 10
"""Answers to one login that may fail before it is given up: verifying them costs time."""


class _Refused(NamedTuple):
    """Why an answer counts for nothing; ``transaction`` is the login that it was for, where that is known."""

    problem: Problem
    transaction: Transaction | None = None


async def receive_answer(desk: Desk, visit: Visit, provider: Provider, form: Parameters) -> Answer:
    """Answer a provider's answer to a login. Raises StoreUnavailable."""
    names = [name for name, _ in form if name in _ONCE_EACH]
    if "SAMLResponse" not in names or len(names) != len(set(names)):
        return await refuse_unknown(desk, visit, provider, CALLBACK_MALFORMED)
    state = provider.state_of(form)
    transaction = await _transaction(desk, visit, provider, state)
    if isinstance(transaction, _Refused):
        return await _refuse(desk, visit, provider, transaction)
    if transaction is None and await desk.is_limited(visit):
        return answer(visit, TOO_MANY_FAILURES)
    memory = transaction.memory if transaction is not None else None
    try:
        completed = await provider.complete(form, memory, desk.party(visit, provider))
    except LoginError as error:
        if state and transaction is None and error.reason in ("unsolicited", "invalid_response"):
            return await refuse_unknown(desk, visit, provider, LOGIN_UNKNOWN)
        return await _failed(desk, visit, provider, error, state, transaction, in_callback=True)
    if completed.replay is not None and not await desk.store.use_once(
        completed.replay.key, int(completed.replay.until * 1000)
    ):
        return await _refuse(desk, visit, provider, _Refused(ANSWER_REPLAYED, transaction))
    if transaction is None:
        return await _ask(desk, visit, provider, completed)
    if not await desk.store.use_once(_answered(state), desk.now_ms() + LOGIN_KEPT_S * 1000):
        return await _refuse(desk, visit, provider, _Refused(ANSWER_REPLAYED, transaction))
    await desk.store.take_login(key_of("login", state))
    return await _go_on(desk, visit, provider, state, Arrived(transaction=transaction, completed=completed))


async def receive_code(desk: Desk, visit: Visit, provider: Provider, parameters: Parameters) -> Answer:
    """Answer a callback whose cookie is another host's, or stayed behind. Raises StoreUnavailable.

    Whoever brings the state uses the login up: its code is worth something once.
    """
    state = provider.state_of(parameters)
    if not state or doubles_protocol(parameters):
        return await refuse_unknown(desk, visit, provider, CALLBACK_MALFORMED)
    transaction = await _transaction(desk, visit, provider, state)
    if isinstance(transaction, _Refused):
        return await _refuse(desk, visit, provider, transaction)
    if transaction is None or await desk.store.take_login(key_of("login", state)) is None:
        return await refuse_unknown(desk, visit, provider, LOGIN_UNKNOWN)
    try:
        completed = await provider.complete(parameters, transaction.memory, desk.party(visit, provider))
    except LoginError as error:
        told = any(name == "error" for name, _ in parameters)
        return await _failed(desk, visit, provider, error, state, transaction, in_callback=told)
    return await _go_on(desk, visit, provider, state, Arrived(transaction=transaction, completed=completed))


async def _transaction(
    desk: Desk, visit: Visit, provider: Provider, state: str
) -> Transaction | _Refused | None:
    """The login that ``state`` leads to, left where it is: only a verified answer may use it up."""
    kept, now = await desk.kept("login", state)
    transaction = decode(kept, Transaction)
    if transaction is None:
        answered = bool(state) and await desk.store.was_used(_answered(state))
        return _Refused(ANSWER_REPLAYED) if answered else None
    if transaction.provider != provider.name or begun_for(desk.site, visit, transaction.hostname) is None:
        return None
    return _Refused(LOGIN_TOO_OLD, transaction) if transaction.is_over(now) else transaction


async def _refuse(desk: Desk, visit: Visit, provider: Provider, refused: _Refused) -> Answer:
    """Say what is wrong, with a way back to the application where it is known."""
    transaction = refused.transaction
    if transaction is None:
        return await refuse_unknown(desk, visit, provider, refused.problem)
    link = sign_in(transaction.return_path, _origin_of(desk, visit, transaction))
    return await refuse_unknown(desk, visit, provider, refused.problem, link)


async def _failed(
    desk: Desk,
    visit: Visit,
    provider: Provider,
    error: LoginError,
    state: str,
    transaction: Transaction | None,
    *,
    in_callback: bool,
) -> Answer:
    """A message that was not accepted; one of SAML leaves the login that it was meant for open for a while.

    ``in_callback`` as ``failure_of`` has it.
    """
    problem = failure_of(error, in_callback=in_callback)
    within_limit = await desk.count_failure(visit)
    log.warning("login_failed", reason=error.reason, detail=error.detail, **about(visit, provider.name))
    if transaction is None:
        if not within_limit:
            return answer(visit, TOO_MANY_FAILURES)
        if not visit.host.routes:
            return answer(visit, problem)
        origin, home = "", home_at(visit.host, provider.name) or home_of(visit.host)
    else:
        origin, home = _origin_of(desk, visit, transaction), transaction.return_path
        if await desk.store.count_failure(f"answers:{state}", LOGIN_LIFETIME_S) >= MOST_TRIES:
            await desk.store.take_login(key_of("login", state))
    return answer(visit, problem, links=[sign_in(home, origin)])


def _answered(state: str) -> str:
    """What is used up when the login of ``state`` gets its answer."""
    return f"answer to {state}"


def _origin_of(desk: Desk, visit: Visit, transaction: Transaction) -> str:
    """The origin that the login began at; "" where it is this one."""
    begun = begun_for(desk.site, visit, transaction.hostname)
    return begun.origin if begun is not None and begun is not visit.host else ""


async def _go_on(desk: Desk, visit: Visit, provider: Provider, state: str, arrived: Arrived) -> Answer:
    await desk.store.save_login(key_of("answered", state), encode(arrived), ARRIVED_KEPT_S)
    return redirect(visit, _origin_of(desk, visit, arrived.transaction) + _finish_url(provider, state))


async def _ask(desk: Desk, visit: Visit, provider: Provider, completed: LoginCompleted) -> Answer:
    """Name the account and let the visitor decide: another site may have sent this answer (login CSRF)."""
    return_path = home_at(visit.host, provider.name) or home_of(visit.host)
    now = await desk.store.now()
    issued_at = now if completed.issued_at is None else int((completed.issued_at - SKEW_S) * 1_000_000)
    state, secret = desk.new_secret(), desk.new_secret()
    transaction = Transaction(
        provider=provider.name,
        memory=b"",
        hostname=visit.host.hostname,
        return_path=return_path,
        # What the provider ended after it had made this answer must not come in by it.
        begun_at=StoreTime(min(now, issued_at)),
        cookie_digest=digest_of(secret),
    )
    arrived = Arrived(transaction=transaction, completed=completed)
    await desk.store.save_login(key_of("asked", state), encode(arrived), LOGIN_LIFETIME_S)
    secure = visit.host.cookie.secure
    name = login_cookie_name(state, desk.now_ms() // 1000, secure=secure)
    return answer(
        visit,
        CONFIRM_SIGN_IN,
        account=account_of(principal_of(completed.identity, provider.name)),
        links=[Link("Sign in", _finish_url(provider, state), post=True)],
        cookies=[setting_login(name, secret, secure=secure)],
    )


def _finish_url(provider: Provider, state: str) -> str:
    return f"{finish_path(provider.name, provider.protocol)}?state={quote(state, safe='')}"
