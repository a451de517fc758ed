"""A back-channel logout that names the person alone ends everything of that person, on every host."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.integration.engine.house import (
    APP,
    BRIEF,
    FIRST,
    MORE,
    NOTES,
    SECOND,
    WIKI,
    House,
    Place,
    application,
    assert_cut,
    assert_over,
    assert_shut,
    open_streams,
)
from tests.support.hostile_oidc import HostileProvider, change
from tests.support.hostile_oidc_clients import KnownClient
from tests.support.http_client import Answer, exchange, request
from tests.support.logout_tokens import BROWSER, FORM, LogoutToken, cookies_in, done
from tests.support.program import CANARY, Program, lasting_port, write_configuration
from tests.support.proof import TOKEN


@pytest.fixture
async def provider() -> AsyncIterator[HostileProvider]:
    async with HostileProvider.running() as running:
        running.client = KnownClient("client", CANARY)
        yield running


@pytest.fixture
async def house(tmp_path: Path, provider: HostileProvider) -> AsyncIterator[House]:
    port = lasting_port()
    with application() as app:
        configuration = write_configuration(
            tmp_path,
            upstream=app.port,
            workers=2,
            issuer=provider.issuer,
            admin=f'bootstrap_token = "{TOKEN}"',
            more=MORE.format(port=app.port, idle=3600),
        )
        program = Program.serve(configuration, "--listen", f"127.0.0.1:{port}")
        try:
            yield House(await asyncio.to_thread(program.ready), app, port)
        finally:
            await asyncio.to_thread(program.stop)


async def navigate(house: House, place: Place, target: str, cookie: str = "") -> Answer:
    headers = [*BROWSER, *([("Cookie", cookie)] if cookie else [])]
    data = request("GET", target, host=f"{place.host}:{house.port}", headers=headers)
    (answer,) = await exchange(house.port, data)
    return answer


async def sign_in(house: House, provider: HostileProvider, place: Place, name: str, sid: str) -> str:
    """The session cookie after a login of ``name`` in the provider's session ``sid``."""
    login = f"/.outerward/login?redirect_path={quote(place.path, safe='')}"
    away = await navigate(house, place, login)
    ((cookie, value),) = cookies_in(away).items()
    provider.user = {**provider.user, "sub": name, "email": f"{name}@example.com", "email_verified": True}
    provider.lies.claims = change(sid=sid)
    answer = provider.authorize(away.header("location"))
    callback = f"/.outerward/callback/nobody?{urlencode(answer)}"
    landing = await navigate(house, place, callback, f"{cookie}={value}")
    assert landing.status == 302, landing.body
    ((session, value),) = cookies_in(landing).items()
    return f"{session}={value}"


async def tell(house: House, token: str) -> Answer:
    data = request(
        "POST",
        "/.outerward/backchannel-logout/nobody",
        host=f"{APP.host}:{house.port}",
        headers=[("Content-Type", FORM)],
        body=f"logout_token={quote(token)}".encode(),
    )
    (answer,) = await exchange(house.port, data, "POST")
    return answer


async def test_a_message_with_the_subject_alone_ends_every_browser_of_that_person_everywhere(
    house: House, provider: HostileProvider
) -> None:
    visits = {"s-1": (APP,), "s-2": (WIKI, NOTES), "s-3": (FIRST, SECOND)}
    cookies = {sid: await sign_in(house, provider, places[0], "ada", sid) for sid, places in visits.items()}
    bobs = await sign_in(house, provider, APP, "bob", "s-9")
    for sid, places in visits.items():
        for place in places:
            assert await house.opens(place, cookies[sid])
    assert await house.opens(APP, bobs)
    sessions = await house.live("ada")
    assert len(sessions) == 5

    async with open_streams(house, WIKI, cookies["s-2"]) as streams:
        assert done(await tell(house, LogoutToken().signed_by(provider, sub="ada")))
        await assert_cut(streams)
    await assert_shut(house, "ada", cookies["s-1"], APP, reason="logged_out")
    await assert_shut(house, "ada", cookies["s-2"], WIKI, NOTES, BRIEF, reason="logged_out")
    await assert_shut(house, "ada", cookies["s-3"], FIRST, SECOND, reason="logged_out")
    assert await house.opens(APP, bobs)
    assert list((await house.live("bob")).values()) == [house.public_url(APP)]
    for session in sessions:
        await assert_over(house, "ada", session, "back_channel", by="provider:nobody")


async def test_a_message_with_the_providers_session_leaves_the_persons_other_browser(
    house: House, provider: HostileProvider
) -> None:
    laptop = await sign_in(house, provider, WIKI, "ada", "s-1")
    phone = await sign_in(house, provider, APP, "ada", "s-2")
    for place, cookie in ((WIKI, laptop), (NOTES, laptop), (APP, phone)):
        assert await house.opens(place, cookie)
    assert done(await tell(house, LogoutToken().signed_by(provider, sub="ada", sid="s-1")))

    await assert_shut(house, "ada", laptop, WIKI, NOTES, BRIEF, reason="logged_out")
    assert await house.opens(APP, phone)
