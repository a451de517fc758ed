"""Logout from the provider's side: its messages end the sessions here that they name, and nothing else does.

Every one of those sessions is dead on every worker before the provider hears that it is done. A message that
could not be carried out is not marked as used, so that the provider can send it again.
"""

from idp_adapters import (
    LoginError,
    LogoutChannel,
    LogoutDemand,
    LogoutDone,
    LogoutMessage,
    Parameters,
    Provider,
)
from proxy.addresses import SIGNED_OUT_PARTLY
from proxy.login.answers import Answer, acknowledged, answer, framed, redirect, send
from proxy.login.desk import Desk, log
from proxy.login.finish import about
from proxy.login.flow import begun_for
from proxy.login.leave import page_after
from proxy.login.notices import failure_of
from proxy.login.transaction import LogoutUnderWay, decode, key_of
from proxy.login.visit import Visit
from proxy.person import author_of
from proxy.problems import (
    LOGOUT_DONE,
    LOGOUT_NOT_ACCEPTED,
    LOGOUT_NOT_UNDERSTOOD,
    LOGOUT_REPLAYED,
    LOGOUT_UNASKED,
    SIGNED_OUT,
    TOO_MANY_LOGOUTS,
    Problem,
)
from session_store import EndReason

MOST_INVALID = 60
"""Invalid logout messages for one provider within INVALID_WINDOW_S; valid ones are never limited."""
INVALID_WINDOW_S = 60
_UNJUDGED = frozenset({"provider_unreachable", "provider_error", "provider_misconfigured", "overloaded"})
"""Why a message could not be judged at all: it may be good, so the answer is 5xx and it can be sent again."""


async def hear_back_channel(desk: Desk, visit: Visit, provider: Provider, form: Parameters) -> Answer:
    """OpenID Back-Channel Logout 1.0 §2.7, §2.8. Raises StoreUnavailable: the provider has to ask again."""
    heard = await _read(desk, visit, provider, LogoutMessage(channel="back", parameters=form))
    if not isinstance(heard, LogoutDemand):
        return answer(visit, heard if isinstance(heard, Problem) else LOGOUT_NOT_UNDERSTOOD)
    ended = await _end(desk, visit, provider, heard, EndReason.BACK_CHANNEL)
    if isinstance(ended, Problem):
        return answer(visit, ended)
    await _mark(desk, heard)
    return acknowledged(visit)


async def hear_front_channel(desk: Desk, visit: Visit, provider: Provider) -> Answer:
    """OpenID Front-Channel Logout 1.0 §2, in a frame of the provider's page. Raises StoreUnavailable."""
    guesses = f"front-channel:{visit.caller.address}"
    if await desk.store.failures(guesses) >= MOST_INVALID:
        return framed(answer(visit, TOO_MANY_LOGOUTS))
    message = LogoutMessage(channel="front", parameters=visit.parameters)
    heard = await _read(desk, visit, provider, message)
    if not isinstance(heard, LogoutDemand):
        return framed(answer(visit, heard if isinstance(heard, Problem) else LOGOUT_NOT_UNDERSTOOD))
    ended = await _end(desk, visit, provider, heard, EndReason.FRONT_CHANNEL)
    if ended == 0:
        # Anybody can make up a sid, and each costs a write.
        await desk.store.count_failure(guesses, INVALID_WINDOW_S)
    return framed(answer(visit, ended if isinstance(ended, Problem) else LOGOUT_DONE))


async def hear_saml(desk: Desk, visit: Visit, provider: Provider, form: Parameters) -> Answer:
    """SAML Profiles §4.4: the provider's request, or its answer to ours. Raises StoreUnavailable."""
    channel: LogoutChannel = "post" if visit.method == "POST" else "redirect"
    parameters = form if channel == "post" else visit.parameters
    state = next((value for name, value in parameters if name == "RelayState"), "")
    is_answer = any(name == "SAMLResponse" for name, _ in parameters)
    under_way = await _under_way(desk, visit, provider, state) if is_answer else None
    message = LogoutMessage(
        channel=channel,
        parameters=parameters,
        raw_query=visit.query if channel == "redirect" else "",
        transaction=under_way.memory if under_way is not None else None,
    )
    heard = await _read(desk, visit, provider, message)
    if isinstance(heard, Problem):
        return answer(visit, heard)
    if isinstance(heard, LogoutDemand):
        return await _carry_out_and_answer(desk, visit, provider, heard)
    await desk.store.take_login(key_of("logout", state))
    otherwise = "" if heard.everywhere else SIGNED_OUT_PARTLY
    return redirect(visit, page_after(desk, visit, under_way, otherwise))


async def _carry_out_and_answer(desk: Desk, visit: Visit, provider: Provider, demand: LogoutDemand) -> Answer:
    """End what ``demand`` names, and send the browser back with the answer; only then is it used up."""
    ended = await _end(desk, visit, provider, demand, EndReason.SAML_LOGOUT)
    if isinstance(ended, Problem):
        return answer(visit, ended)
    try:
        reply = await provider.answer_logout(demand.reply, desk.party(visit, provider))
    except LoginError as error:
        log.warning(
            "logout_unanswered", reason=error.reason, detail=error.detail, **about(visit, provider.name)
        )
        return answer(visit, failure_of(error))
    await _mark(desk, demand)
    return answer(visit, SIGNED_OUT) if reply is None else send(visit, reply)


async def _read(
    desk: Desk, visit: Visit, provider: Provider, message: LogoutMessage
) -> LogoutDemand | LogoutDone | Problem:
    try:
        return await provider.read_logout(message, desk.party(visit, provider))
    except LoginError as error:
        log.warning("logout_refused", reason=error.reason, detail=error.detail, **about(visit, provider.name))
        if error.reason in _UNJUDGED:
            return failure_of(error)
        if error.reason == "unsolicited":
            return LOGOUT_UNASKED
        count = await desk.store.count_failure(f"logout:{provider.name}", INVALID_WINDOW_S)
        if count > MOST_INVALID:
            return TOO_MANY_LOGOUTS
        return LOGOUT_NOT_UNDERSTOOD if error.reason == "invalid_response" else LOGOUT_NOT_ACCEPTED


async def _end(
    desk: Desk, visit: Visit, provider: Provider, demand: LogoutDemand, reason: EndReason
) -> int | Problem:
    """End what ``demand`` names, unless it was used before; how many sessions were live."""
    if demand.replay is not None and await desk.store.was_used(demand.replay.key):
        log.warning("logout_refused", reason="replayed", **about(visit, provider.name))
        return LOGOUT_REPLAYED
    ended = await desk.store.end_provider_sessions(
        provider.name, demand.names, reason, author_of(provider.name)
    )
    log.info("logout_by_provider", ended=ended, channel=reason.value, **about(visit, provider.name))
    return ended


async def _mark(desk: Desk, demand: LogoutDemand) -> None:
    """Let ``demand``, which was carried out, count no more."""
    if demand.replay is not None:
        await desk.store.use_once(demand.replay.key, int(demand.replay.until * 1000))


async def _under_way(desk: Desk, visit: Visit, provider: Provider, state: str) -> LogoutUnderWay | None:
    """The logout of ours that ``state`` leads to, left where it is until its answer is verified."""
    kept, _ = await desk.kept("logout", state)
    under_way = decode(kept, LogoutUnderWay)
    if under_way is None or under_way.provider != provider.name:
        return None
    return under_way if begun_for(desk.site, visit, under_way.hostname) is not None else None
