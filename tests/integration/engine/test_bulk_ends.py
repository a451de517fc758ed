"""A bulk revocation by filter through the whole program: what matches ends, the rest goes on."""

import asyncio

import pytest

from tests.integration.engine.house import (
    APP,
    FIRST,
    NOTES,
    WIKI,
    House,
    People,
    assert_cut,
    assert_over,
    assert_shut,
    eventually,
    open_streams,
)


async def test_what_a_filter_finds_ends_with_its_open_streams_and_nothing_else_does(
    house: House, people: People
) -> None:
    ada, bob = await people("ada"), await people("bob")
    await ada.come_in(WIKI, NOTES, APP)
    await bob.come_in(WIKI)
    wanted = 'obj.tunnel == "wiki" && obj.email in ["ada@example.com", "bob@example.com"]'
    ended = {who.name: await who.session_at(WIKI) for who in (ada, bob)}
    body = {"filter": wanted, "reason": "the wiki moves"}
    dry = await house.api("POST", "/app/sessions/revoke", {**body, "dry_run": True})
    assert (dry.json["matched"], dry.json["users"], dry.json["revoked"]) == (2, 2, [])

    async with (
        open_streams(house, WIKI, ada.cookie(WIKI)) as hers,
        open_streams(house, WIKI, bob.cookie(WIKI)) as his,
        open_streams(house, NOTES, ada.cookie(NOTES)) as kept,
    ):
        told = await house.api("POST", "/app/sessions/revoke", body)
        assert set(told.json["revoked"]) == set(ended.values())
        assert (told.json["failed"], told.json["next"]) == ([], None)
        await assert_cut(hers)
        await assert_cut(his)
        for client in kept.values():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.read(), 0.2)
    for who in (ada, bob):
        await assert_shut(house, who.name, who.cookie(WIKI), WIKI, reason="revoked")
        session = ended[who.name]
        await assert_over(house, who.name, session, "revoked", by="bootstrap", operation=told.operation)
    assert await house.opens(NOTES, ada.cookie(NOTES))
    assert await house.opens(APP, ada.cookie(APP))


async def test_a_revocation_that_asks_for_a_user_alone_leaves_no_login_to_begin_a_session_under(
    house: House, people: People
) -> None:
    cyd = await people("cyd")
    await cyd.come_in(FIRST, WIKI)
    cookies = {place: cyd.cookie(place) for place in (FIRST, WIKI)}
    user, sessions = await house.user_id("cyd"), await house.live("cyd")
    body = {"filter": f'obj.application_user_id == "{user}"'}
    told = await house.api("POST", "/app/sessions/revoke", body)

    assert set(told.json["revoked"]) == sessions.keys()
    await assert_shut(house, "cyd", cookies[WIKI], WIKI, NOTES)
    await assert_shut(house, "cyd", cookies[FIRST], FIRST)
    assert (await house.get(f"/app/users/{user}"))["outerward"]["sessions"] == 0
    assert await eventually(lambda: house.ended("cyd"), lambda found: found.keys() >= sessions.keys())


async def test_ids_that_are_over_are_named_and_end_nothing_else(house: House, people: People) -> None:
    dan = await people("dan")
    await dan.come_in(APP)
    session = await dan.session_at(APP)
    body = {"ids": [session]}
    first = await house.api("POST", "/app/sessions/revoke", body)
    again = await house.api("POST", "/app/sessions/revoke", body)

    assert (first.json["revoked"], first.json["failed"]) == ([session], [])
    assert (again.json["revoked"], [each["id"] for each in again.json["failed"]]) == ([], [session])
    await assert_over(house, "dan", session, "revoked", by="bootstrap", operation=first.operation)
