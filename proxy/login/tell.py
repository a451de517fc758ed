"""What logins tell to the list of events: who came in, who was refused or left, from where and with what.

Told after the fact: what cannot be written stands in the log alone, and changes nothing about the login.
"""

from contextlib import suppress
from typing import Literal

from proxy.login.desk import Desk
from proxy.login.flow import Accepted
from proxy.login.visit import Visit
from proxy.person import account_of, author_of
from proxy.routes import Host, Route
from session_store import (
    PERSON,
    BrowserSession,
    Event,
    Principal,
    SignedIn,
    StoreUnavailable,
    UserId,
    person_hash,
    user_tag,
)

Denial = Literal["not_allowed", "blocked"]
"""Why somebody whom the provider vouches for is not let in: by the endpoint's rules, or an administrator."""


async def tell_login(desk: Desk, visit: Visit, login: Accepted, user_id: UserId) -> None:
    """Somebody has signed in."""
    details = _about(desk, visit, login)
    await _tell(desk, Event(type="login", at=desk.now_ms(), actor=user_id, user_id=user_id, details=details))


async def tell_denied(desk: Desk, visit: Visit, login: Accepted, principal: Principal, why: Denial) -> None:
    """Somebody was refused, for whom there may be no user: account and hash say whom the provider named."""
    details = {
        "account": account_of(principal),
        "reason": why,
        **_about(desk, visit, login),
        PERSON: person_hash(user_tag(principal.issuer, principal.subject)),
    }
    actor = author_of(principal.provider)
    await _tell(desk, Event(type="login_denied", at=desk.now_ms(), actor=actor, details=details))


async def tell_left(desk: Desk, visit: Visit, session: BrowserSession) -> None:
    """Somebody has signed out of the dashboard; at endpoints their sessions there are what is told of."""
    if visit.host.is_dashboard:
        user_id = session.user_id
        details = _details(desk, visit, visit.host.routes[0], session.principal.provider)
        event = Event(
            type="dashboard_logout", at=desk.now_ms(), actor=user_id, user_id=user_id, details=details
        )
        await _tell(desk, event)


async def tell_token_left(desk: Desk, ended: SignedIn | None) -> None:
    """Who had come into the dashboard by a token is out; ``ended`` is that session, if there was one."""
    if ended is not None:
        token = ended.token
        actor, name = (f"token:{token.id}", token.name) if token else ("bootstrap", "bootstrap token")
        token_id = token.id if token else ""
        details = {"name": name}
        event = Event(
            type="dashboard_logout", at=desk.now_ms(), actor=actor, token_id=token_id, details=details
        )
        await _tell(desk, event)


def _about(desk: Desk, visit: Visit, login: Accepted) -> dict[str, str]:
    return _details(desk, visit, login.route, login.transaction.provider)


def _details(desk: Desk, visit: Visit, route: Route, provider: str) -> dict[str, str]:
    """Where to, by whom, from where and with what; what is not known is left out."""
    caller = visit.caller
    context = desk.contexts.of(caller.whole_address, visit.agent)
    agent, location = context.user_agent, context.location
    details = {
        "provider": provider,
        **_where_to(route, visit.host),
        "request_id": caller.request_id,
        "ip_address": context.ip_address,
        "country_code": (location.country_code or "") if location is not None else "",
        "browser_name": agent.browser_name,
        "os_name": agent.os_name,
        "device_type": agent.device_type,
    }
    return {name: text for name, text in details.items() if text}


def _where_to(route: Route, host: Host) -> dict[str, str]:
    if route.is_dashboard:
        return {"place": "dashboard", "public_url": route.endpoint.public_url}
    return {"tunnel": route.endpoint.tunnel, "hostname": host.hostname}


async def _tell(desk: Desk, event: Event) -> None:
    # The store logs every event, also one that it could not write.
    with suppress(StoreUnavailable):
        await desk.store.record_events([event])
