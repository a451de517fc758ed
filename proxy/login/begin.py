"""The first half of a login: a notice where one is due, then off to the provider."""

from urllib.parse import urlencode

from idp_adapters import LoginError, Parameters
from proxy.addresses import LOGIN_PATH, sign_in, sign_in_again, sign_in_with
from proxy.login.answers import Answer, answer, redirect, send
from proxy.login.cookies import clearing_login, login_cookie_name, setting_login, surplus
from proxy.login.desk import Desk, log
from proxy.login.flow import Opening, open_login
from proxy.login.notices import failure_of, notice_of
from proxy.login.return_path import LONGEST
from proxy.login.transaction import Transaction, digest_of, encode, key_of
from proxy.login.visit import Visit
from proxy.problems import CHOOSE_PROVIDER, FOREIGN_ORIGIN, TOO_MANY_BEGUN, UNKNOWN_PROVIDER, Problem
from session_store import EndReason, Tombstone, decode, is_tombstone

_THIRD_PARTY = frozenset({"iss", "target_link_uri"})
LOGIN_KEPT_S = 900
"""How long a login under way is kept: longer than it counts, so that one who is late can be told."""


async def begin_login(desk: Desk, visit: Visit) -> Answer:
    """Answer the login address. Raises StoreUnavailable: without a store nobody is sent anywhere."""
    opening = open_login(visit, desk.issuers)
    if isinstance(opening, Problem):
        return answer(visit, opening)
    if not opening.asked:
        notice = await _due_notice(desk, visit, opening)
        if notice is not None:
            return answer(visit, notice, links=[sign_in_again(opening.return_path)])
    if opening.provider is None:
        return _ask_for_provider(desk, visit, opening)
    return await _to_provider(desk, visit, opening, opening.provider)


def begin_for_third_party(visit: Visit, form: Parameters) -> Answer:
    """Answer a form of another site that begins a login here: as its link would (Core 1.0 §4)."""
    asked = [(name, value) for name, value in form if name in _THIRD_PARTY]
    names = [name for name, _ in asked]
    is_one = "iss" in names and len(names) == len(set(names))
    if not visit.navigation or not is_one or any(len(value) > LONGEST for _, value in asked):
        return answer(visit, FOREIGN_ORIGIN)
    return redirect(visit, f"{LOGIN_PATH}?{urlencode(asked)}")


def _ask_for_provider(desk: Desk, visit: Visit, opening: Opening) -> Answer:
    links = [
        sign_in_with(
            name,
            desk.providers[name].display_name,
            opening.return_path,
            anew=opening.asked,
            other=opening.leaves,
        )
        for name in opening.route.providers
        if name in desk.providers
    ]
    return answer(visit, CHOOSE_PROVIDER, links=links)


async def _due_notice(desk: Desk, visit: Visit, opening: Opening) -> Problem | None:
    """The notice about the session that this browser's cookie names, at this endpoint or as a whole."""
    cookie_hash = visit.session.hash
    if cookie_hash is None:
        return None
    kept = await desk.store.check(cookie_hash, opening.route.endpoint.id)
    if kept is not None and is_tombstone(kept):
        notice = notice_of(decode(kept, Tombstone))
        if notice is not None:
            return notice
    browser = await desk.store.browser_session(cookie_hash)
    return notice_of(browser) if isinstance(browser, Tombstone) else None


async def _to_provider(desk: Desk, visit: Visit, opening: Opening, name: str) -> Answer:
    provider = desk.providers.get(name)
    if provider is None:
        return answer(visit, UNKNOWN_PROVIDER)
    if not await desk.may_begin(visit):
        return answer(visit, TOO_MANY_BEGUN)
    begun_at = await desk.store.now()
    try:
        begun = await provider.begin(desk.party(visit, provider), opening.prompt)
    except LoginError as error:
        log.warning(
            "login_failed",
            reason=error.reason,
            detail=error.detail,
            provider=name,
            client_address=visit.caller.address,
            request_id=visit.caller.request_id,
        )
        return answer(visit, failure_of(error), links=[sign_in(opening.return_path)])
    now_s = desk.now_ms() // 1000
    secret = desk.new_secret()
    transaction = Transaction(
        provider=name,
        memory=begun.transaction,
        hostname=visit.host.hostname,
        return_path=opening.return_path,
        begun_at=begun_at,
        cookie_digest=digest_of(secret),
    )
    await desk.store.save_login(key_of("login", begun.state), encode(transaction), LOGIN_KEPT_S)
    secure = visit.host.cookie.secure
    cookies = [clearing_login(old.name, secure=secure) for old in surplus(visit.logins, now_s)]
    name_of_cookie = login_cookie_name(begun.state, now_s, secure=secure)
    cookies.append(setting_login(name_of_cookie, secret, secure=secure))
    if opening.leaves:
        await desk.end_session(visit, EndReason.LOGOUT)
        cookies.extend(visit.host.cookie.clearings)
    return send(visit, begun.sending, cookies=cookies)
