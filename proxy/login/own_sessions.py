"""The visitor's own sessions: which browsers are signed in with this account, and signing any of them out.

What is shown and ended is this person's at this provider and nobody else's. The list is by browser: that is
what a person can recognise.
"""

from collections.abc import Sequence
from http import HTTPStatus

from idp_adapters import Parameters
from proxy.addresses import SESSIONS_PATH, login_path
from proxy.login.answers import Answer, answer, page, redirect
from proxy.login.desk import Desk, log
from proxy.login.notices import minute_of
from proxy.login.visit import Visit
from proxy.pages import Device, sessions_page
from proxy.person import account_of
from proxy.problems import BAD_REQUEST, FOREIGN_ORIGIN, LOGIN_REQUIRED, RESERVED_NOT_FOUND
from session_store import (
    BrowserSession,
    CookieHash,
    EndReason,
    SessionView,
    UserAgent,
    changed_pin,
    pins_of,
)

_OTHERS = "others"


async def own_sessions(desk: Desk, visit: Visit, form: Parameters) -> Answer:
    """Answer the address of the list. Raises StoreUnavailable."""
    if not visit.host.routes:
        return answer(visit, RESERVED_NOT_FOUND)
    if visit.method == "POST" and not visit.from_own_page:
        return answer(visit, FOREIGN_ORIGIN)
    own = await desk.open_session(visit)
    if own is None:
        return _to_login(visit)
    views = await desk.store.user_sessions(own.user_tag)
    if _is_used_elsewhere(desk, visit, own, views):
        await desk.end_session(visit, EndReason.PIN)
        return _to_login(visit, visit.host.cookie.clearings)
    if visit.method == "POST":
        return await _end(desk, visit, own, views, form)
    body = sessions_page(
        devices_of(own, views),
        account=account_of(own.principal),
        hostname=visit.host.hostname,
        request_id=visit.caller.request_id,
    )
    return page(visit, HTTPStatus.OK, body)


def _to_login(visit: Visit, cookies: Sequence[str] = ()) -> Answer:
    """A person signs in and comes back to the list; anything else is refused."""
    if visit.navigation and visit.method != "HEAD":
        return redirect(visit, login_path(SESSIONS_PATH), cookies=cookies)
    return answer(visit, LOGIN_REQUIRED, cookies=cookies)


def _is_used_elsewhere(desk: Desk, visit: Visit, own: BrowserSession, views: Sequence[SessionView]) -> bool:
    """Whether this cookie comes from where an endpoint of its login would not let it through."""
    now = pins_of(desk.contexts.of(visit.caller.whole_address, visit.agent))
    held = {route.endpoint.id: route.pins for route in desk.site.routes}
    return any(
        changed_pin(view.session.pins, now, held.get(view.session.endpoint.id, ())) is not None
        for view in views
        if view.session.cookie_hash == own.cookie_hash
    )


async def _end(
    desk: Desk, visit: Visit, own: BrowserSession, views: Sequence[SessionView], form: Parameters
) -> Answer:
    """End what the form names; what has ended already is no error."""
    named = [value for name, value in form if name == "end"]
    if len(named) != 1:
        return answer(visit, BAD_REQUEST)
    if named[0] == _OTHERS:
        ended = await desk.store.end_others(own.user_tag, own.cookie_hash, EndReason.LOGOUT, own.user_id)
    else:
        # By a public id among this user's own: an id of somebody else's session is unknown here.
        hashes = {view.session.cookie_hash for view in views if view.session.id == named[0]}
        ended = 0
        for cookie_hash in hashes:
            ended += await desk.store.end_browser_session(cookie_hash, EndReason.LOGOUT, own.user_id)
    log.info(
        "own_sessions_ended",
        ended=ended,
        user=own.user_id,
        client_address=visit.caller.address,
        request_id=visit.caller.request_id,
    )
    return redirect(visit, SESSIONS_PATH)


def devices_of(own: BrowserSession, views: Sequence[SessionView]) -> list[Device]:
    """``views`` by browser: the one that asks first, then by last activity; it is there without any, too."""
    by_browser: dict[CookieHash, list[SessionView]] = {own.cookie_hash: []}
    for view in views:
        by_browser.setdefault(view.session.cookie_hash, []).append(view)
    theirs = {key: group for key, group in by_browser.items() if key != own.cookie_hash}
    ordered = sorted(theirs.values(), key=lambda group: -max(view.activity.last_active for view in group))
    return [_this(own, by_browser[own.cookie_hash]), *(_device(group, is_this=False) for group in ordered)]


def _this(own: BrowserSession, group: Sequence[SessionView]) -> Device:
    if group:
        return _device(group, is_this=True)
    since = minute_of(own.issued_at)
    return Device("This browser", "unknown", since, since, (), "", is_this=True)


def _device(group: Sequence[SessionView], *, is_this: bool) -> Device:
    latest = max(group, key=lambda view: view.activity.last_active)
    context = latest.activity.context
    country = context.location.country_code if context.location is not None else None
    return Device(
        name=_name(context.user_agent),
        where=f"{context.ip_address} ({country})" if country else context.ip_address,
        signed_in=minute_of(min(view.session.created_at for view in group)),
        last_active=minute_of(latest.activity.last_active),
        applications=tuple(dict.fromkeys(view.session.endpoint.public_url for view in group)),
        end=latest.session.id,
        is_this=is_this,
    )


def _name(agent: UserAgent) -> str:
    browser = "Unknown browser" if agent.browser_name == "Other" else agent.browser_name
    return browser if agent.os_name == "Other" else f"{browser} on {agent.os_name}"
