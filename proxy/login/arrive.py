"""The assertion consumer service: a provider's answer that a browser posts across sites, without cookies.

It is verified here and kept; the browser is sent on to an address of this host by GET, where its cookie comes
along and the session is made (interface, part 7). An answer that nobody asked for becomes a question.
"""

from idp_adapters import LoginCompleted, LoginError, Parameters, Provider
from proxy.addresses import saml_path, sign_in
from proxy.gate import account_of
from proxy.login.answers import Answer, answer, redirect
from proxy.login.begin import LOGIN_KEPT_S
from proxy.login.cookies import LOGIN_LIFETIME_S, login_cookie_name, setting_login
from proxy.login.desk import Desk, log
from proxy.login.finish import about, refuse_unknown
from proxy.login.flow import home_at, home_of, party_of, principal_of
from proxy.login.notices import failure_of
from proxy.login.transaction import Arrived, Transaction, decode, digest_of, encode, key_of
from proxy.login.visit import Visit
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
MOST_TRIES = 10
"""Answers to one login that may fail before it is given up: verifying them costs time."""


async def receive_answer(desk: Desk, visit: Visit, provider: Provider, form: Parameters) -> Answer:
    """Answer a provider's answer to a login. Raises StoreUnavailable."""
    names = [name for name, _ in form if name in _ONCE_EACH]
    if "SAMLResponse" not in names or len(names) != len(set(names)):
        return await refuse_unknown(desk, visit, provider, CALLBACK_MALFORMED)
    state = provider.state_of(form)
    transaction = await _transaction(desk, visit, provider, state)
    if isinstance(transaction, Problem):
        return await refuse_unknown(desk, visit, provider, transaction)
    if transaction is None and await desk.is_limited(visit):
        return answer(visit, TOO_MANY_FAILURES)
    memory = transaction.memory if transaction is not None else None
    try:
        completed = await provider.complete(form, memory, party_of(visit, provider))
    except LoginError as error:
        if state and transaction is None and error.reason in ("unsolicited", "invalid_response"):
            return await refuse_unknown(desk, visit, provider, LOGIN_UNKNOWN)
        return await _failed(desk, visit, provider, error, state, transaction)
    if completed.replay is not None and not await desk.store.use_once(
        completed.replay.key, int(completed.replay.until * 1000)
    ):
        return await refuse_unknown(desk, visit, provider, ANSWER_REPLAYED)
    if transaction is None:
        return await _ask(desk, visit, provider, completed)
    if not await desk.store.use_once(_answered(state), desk.now_ms() + LOGIN_KEPT_S * 1000):
        return await refuse_unknown(desk, visit, provider, ANSWER_REPLAYED, transaction.return_path)
    await desk.store.take_login(key_of("login", state))
    return await _go_on(desk, visit, state, Arrived(transaction=transaction, completed=completed))


async def _transaction(
    desk: Desk, visit: Visit, provider: Provider, state: str
) -> Transaction | Problem | None:
    """The login that ``state`` leads to, left where it is: only a verified answer may use it up."""
    kept, now = await desk.kept("login", state)
    transaction = decode(kept, Transaction)
    if transaction is None:
        answered = bool(state) and await desk.store.was_used(_answered(state))
        return ANSWER_REPLAYED if answered else None
    if transaction.provider != provider.name or transaction.hostname != visit.host.hostname:
        return None
    return LOGIN_TOO_OLD if transaction.is_over(now) else transaction


async def _failed(
    desk: Desk,
    visit: Visit,
    provider: Provider,
    error: LoginError,
    state: str,
    transaction: Transaction | None,
) -> Answer:
    """A message that was not accepted; the login that it was meant for stays open for a while."""
    within_limit = await desk.count_failure(visit)
    log.warning("login_failed", reason=error.reason, detail=error.detail, **about(visit, provider.name))
    if transaction is None:
        if not within_limit:
            return answer(visit, TOO_MANY_FAILURES)
        home = home_at(visit.host, provider.name) or home_of(visit.host)
    else:
        home = transaction.return_path
        if await desk.store.count_failure(f"answers:{state}", LOGIN_LIFETIME_S) >= MOST_TRIES:
            await desk.store.take_login(key_of("login", state))
    return answer(visit, failure_of(error, in_callback=True), links=[sign_in(home)])


def _answered(state: str) -> str:
    """What is used up when the login of ``state`` gets its answer."""
    return f"answer to {state}"


async def _go_on(desk: Desk, visit: Visit, state: str, arrived: Arrived) -> Answer:
    await desk.store.save_login(key_of("answered", state), encode(arrived), LOGIN_LIFETIME_S)
    return redirect(visit, _finish_url(arrived.transaction.provider, state))


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
    name = login_cookie_name(visit.any_route, state, desk.now_ms() // 1000)
    return answer(
        visit,
        CONFIRM_SIGN_IN,
        account=account_of(principal_of(completed.identity, provider.name)),
        links=[Link("Sign in", _finish_url(provider.name, state), post=True)],
        cookies=[setting_login(name, secret, visit.any_route)],
    )


def _finish_url(provider: str, state: str) -> str:
    return f"{saml_path(provider, 'finish')}?state={state}"
