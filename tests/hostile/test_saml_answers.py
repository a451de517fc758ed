"""Answers to logins at the wrong moment: used, unasked, too many, led astray (SAML-13, 15, 17, 33)."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import pytest

from proxy.login.arrive import MOST_TRIES
from proxy.login.control_app import FAILURE_HOLDS_S
from proxy.login.desk import MOST_FAILURES
from proxy.login.turns import AT_ONCE
from session_store import Store
from tests.support.redirect_corpus import corpus
from tests.support.saml_scene import (
    FINISH,
    FROM_PROVIDER,
    OWN_PAGE,
    SLO,
    SamlScene,
    code_of,
    cookies_in,
    saml_scene,
)

REPLAYED, UNSOLICITED, CONFIRM, TOO_MANY = 2033, 2035, 2037, 2014
LED_ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "javascript:alert(1)",
    "/\\evil.example",
    "x" * 10_000,
    "\x00",
    "\r\nSet-Cookie: outerward=evil",
    "<script>alert(1)</script>",
    "A" * 43,
    "",
]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[SamlScene]:
    async with saml_scene(store) as running:
        yield running


async def test_saml_13_of_one_answer_posted_at_once_on_two_workers_exactly_one_is_taken(store: Store) -> None:
    async with saml_scene(store, workers=2) as scene:
        for _ in range(10):
            begun = await scene.begin()
            message = scene.response(begun)
            answers = await asyncio.gather(
                *(scene.post(message, begun.state, edge=edge) for edge in scene.edges * 3)
            )
            assert [answer.status for answer in answers].count(303) == 1
            assert {code_of(answer) for answer in answers} <= {0, REPLAYED, UNSOLICITED, TOO_MANY}


async def test_saml_13_the_redirect_after_an_answer_makes_one_session_only(store: Store) -> None:
    async with saml_scene(store, workers=2) as scene:
        begun = await scene.begin()
        arrived = await scene.post(scene.response(begun), begun.state)
        location = arrived.header("location")
        headers = [*FROM_PROVIDER, ("Cookie", begun.cookie)]
        answers = await asyncio.gather(*(edge.ask(location, headers=headers) for edge in scene.edges * 3))

        assert [answer.status for answer in answers].count(302) == 1
        assert len([1 for answer in answers if "outerward" in cookies_in(answer)]) == 1


@pytest.mark.parametrize("worker", [0, 1], ids=["the same worker", "the other worker"])
async def test_saml_13_an_answer_that_was_used_is_refused_everywhere(store: Store, worker: int) -> None:
    async with saml_scene(store, workers=2) as scene:
        begun = await scene.begin()
        message = scene.response(begun)
        arrived = await scene.post(message, begun.state)
        await scene.finish(arrived, begun)
        users = (await store.users(limit=5, before=None)).items

        again = await scene.post(message, begun.state, edge=scene.edges[worker])
        assert 400 <= again.status < 500
        once_more = await scene.get(arrived.header("location"), cookie=begun.cookie)
        assert 400 <= once_more.status < 500
        assert len((await store.users(limit=5, before=None)).items) == len(users) == 1


async def test_saml_13_one_assertion_is_not_good_for_two_logins_whatever_message_it_is_in(
    scene: SamlScene,
) -> None:
    first, second = await scene.begin(), await scene.begin()
    taken = await scene.post(scene.response(first, assertion_id="_same", id="_one"), first.state)
    again = await scene.post(scene.response(second, assertion_id="_same", id="_two"), second.state)

    assert taken.status == 303
    assert code_of(again) == REPLAYED
    await scene.assert_refused(again)


async def test_saml_13_of_two_good_answers_to_one_login_exactly_one_is_taken(store: Store) -> None:
    async with saml_scene(store, workers=2) as scene:
        for _ in range(5):
            begun = await scene.begin()
            messages = [scene.response(begun) for _ in range(4)]
            pairs = zip(messages, scene.edges * 2, strict=True)
            answers = await asyncio.gather(*(scene.post(m, begun.state, edge=edge) for m, edge in pairs))
            assert [answer.status for answer in answers].count(303) == 1
            assert 400 <= (await scene.post(scene.response(begun), begun.state)).status < 500


async def test_saml_13_an_unasked_answer_counts_once_too(store: Store) -> None:
    async with saml_scene(store, workers=2, allow_idp_initiated=True) as scene:
        message = scene.response(None)
        answers = await asyncio.gather(*(scene.post(message, edge=edge) for edge in scene.edges * 2))

        assert [answer.status for answer in answers].count(200) == 1
        assert {code_of(answer) for answer in answers} == {CONFIRM, REPLAYED}


async def test_saml_15_the_answer_to_another_login_is_refused_under_this_ones_state(scene: SamlScene) -> None:
    mine, other = await scene.begin(), await scene.begin()
    await scene.assert_refused(await scene.post(scene.response(other), mine.state))
    assert (await scene.post(scene.response(mine), mine.state)).status == 303


async def test_saml_17_an_unasked_answer_to_a_login_under_way_is_refused(store: Store) -> None:
    for allowed in (False, True):
        async with saml_scene(store, allow_idp_initiated=allowed) as scene:
            begun = await scene.begin()
            await scene.assert_refused(await scene.post(scene.response(None), begun.state))
            assert (await scene.post(scene.response(begun), begun.state)).status == 303


async def test_saml_17_an_answer_with_an_unknown_request_is_not_taken_for_an_unasked_one(
    store: Store,
) -> None:
    async with saml_scene(store, allow_idp_initiated=True) as scene:
        begun = await scene.begin()
        for request_id in ("_" + "A" * 43, "_x", ""):
            message = scene.response(begun, request_id=request_id)
            await scene.assert_refused(await scene.post(message, "A" * 43))


@pytest.mark.parametrize("relay_state", LED_ELSEWHERE)
async def test_saml_33_a_relay_state_leads_nowhere_else(scene: SamlScene, relay_state: str) -> None:
    begun = await scene.begin("/report?page=2")
    arrived = await scene.post(scene.response(begun), relay_state)

    assert arrived.header("location") == f"{FINISH}?state={begun.state}" or 400 <= arrived.status < 500
    if arrived.status == 303:
        assert (await scene.finish(arrived, begun)).header("location") == "/report?page=2"


@pytest.mark.parametrize("relay_state", LED_ELSEWHERE)
async def test_saml_33_with_an_unasked_answer_it_leads_to_the_default_page(
    store: Store, relay_state: str
) -> None:
    async with saml_scene(store, allow_idp_initiated=True) as scene:
        page = await scene.post(scene.response(None), relay_state)
        assert code_of(page) == CONFIRM
        assert b"evil" not in page.body
        assert b"alert" not in page.body
        ((name, value),) = cookies_in(page).items()
        target = page.body.partition(b'action="')[2].partition(b'"')[0].decode()
        confirmed = await scene.get(target, method="POST", cookie=f"{name}={value}", headers=OWN_PAGE)
        assert (confirmed.status, confirmed.header("location")) == (303, "/")


async def test_saml_33_no_spelling_of_another_place_leaves_this_host(store: Store) -> None:
    async with saml_scene(store, allow_idp_initiated=True) as scene:
        for spelled in corpus()[::97]:
            page = await scene.post(scene.response(None), spelled)
            assert code_of(page) == CONFIRM, spelled
            assert page.body.count(b"action=") == 1
            assert b'action="/.outerward/saml/corp/finish?state=' in page.body


@pytest.mark.parametrize(
    "query",
    ["", "?state=", "?state=x", "?state={state}&state={state}", "?state={other}", "?RelayState={state}"],
)
async def test_saml_the_redirect_with_another_state_makes_no_session(scene: SamlScene, query: str) -> None:
    begun, other = await scene.begin(), await scene.begin()
    arrived = await scene.post(scene.response(begun), begun.state)
    told = query.format(state=quote(begun.state), other=quote(other.state))

    cookies = f"{begun.cookie}; {other.cookie}"
    await scene.assert_refused(await scene.get(FINISH + told, cookie=cookies))
    assert (await scene.finish(arrived, begun)).status == 302


async def test_saml_the_redirect_by_post_does_not_take_an_answer_that_was_asked_for(scene: SamlScene) -> None:
    begun = await scene.begin()
    arrived = await scene.post(scene.response(begun), begun.state)
    location = arrived.header("location")

    posted = await scene.get(location, method="POST", cookie=begun.cookie, headers=OWN_PAGE)
    assert 400 <= posted.status < 500
    assert (await scene.finish(arrived, begun)).status == 302


async def test_saml_after_ten_bad_answers_a_login_is_given_up(scene: SamlScene) -> None:
    kept, given_up = await scene.begin(), await scene.begin()
    for tries, begun in ((MOST_TRIES - 1, kept), (MOST_TRIES, given_up)):
        for _ in range(tries):
            await scene.assert_refused(await scene.post(scene.response(begun, sign="neither"), begun.state))

    assert (await scene.post(scene.response(kept), kept.state)).status == 303
    await scene.assert_refused(await scene.post(scene.response(given_up), given_up.state))


async def test_saml_answers_to_nothing_are_limited_by_address_and_a_good_login_is_not(
    scene: SamlScene,
) -> None:
    begun = await scene.begin()
    statuses = [(await scene.post(b"<x/>", "B" * 43)).status for _ in range(MOST_FAILURES + 5)]

    assert all(status in (400, 403) for status in statuses[:MOST_FAILURES])
    assert statuses[MOST_FAILURES:] == [429] * 5
    assert (await scene.post(scene.response(None))).status == 429
    arrived = await scene.post(scene.response(begun), begun.state)
    assert (await scene.finish(arrived, begun)).status == 302


async def test_saml_from_a_limited_address_not_even_a_good_unasked_answer_is_looked_at(
    store: Store,
) -> None:
    async with saml_scene(store, allow_idp_initiated=True) as scene:
        message = scene.response(None)
        for _ in range(MOST_FAILURES):
            await scene.post(b"<x/>", "B" * 43)
        assert (await scene.post(message)).status == 429


async def test_dos_03_a_bad_answer_keeps_its_turn_for_a_while(store: Store) -> None:
    async with saml_scene(store, failure_holds_s=FAILURE_HOLDS_S) as scene:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(scene.post(b"<x/>", "B" * 43) for _ in range(3 * AT_ONCE)))
        assert asyncio.get_running_loop().time() - began > 2.5 * FAILURE_HOLDS_S


async def test_saml_limited_answers_say_when_to_come_back(scene: SamlScene) -> None:
    for _ in range(MOST_FAILURES):
        await scene.post(b"<x/>", "B" * 43)
    answer = await scene.post(b"<x/>", "B" * 43)
    assert (code_of(answer), answer.header("retry-after")) == (TOO_MANY, "60")


@pytest.mark.parametrize(
    "fields",
    [
        [("SAMLResponse", "{message}"), ("SAMLResponse", "{message}")],
        [("SAMLResponse", "PHgvPg=="), ("SAMLResponse", "{message}")],
        [("SAMLResponse", "{message}"), ("RelayState", "{state}"), ("RelayState", "{state}")],
        [("samlresponse", "{message}")],
        [("SAMLRequest", "{message}")],
        [("SAMLResponse", "")],
        [("RelayState", "{state}")],
        [],
        [("SAMLart", "AAQAAA=="), ("RelayState", "{state}")],
        [("SAMLResponse", "{message}!")],
        [("SAMLResponse", "%%%"), ("RelayState", "{state}")],
        [("SAMLResponse", "\ud7ff\u2028"), ("RelayState", "{state}")],
        [("SAMLResponse", "{message}"), *[(f"a{number}", "") for number in range(30)]],
    ],
    ids=[
        "the answer twice",
        "the answer after another",
        "RelayState twice",
        "another case",
        "as a request",
        "empty",
        "RelayState alone",
        "nothing",
        "artifact",
        "not base64",
        "percent signs",
        "not ASCII",
        "many fields",
    ],
)
async def test_saml_a_form_that_is_not_the_bindings_is_refused_and_uses_nothing_up(
    scene: SamlScene, fields: list[tuple[str, str]]
) -> None:
    begun = await scene.begin()
    message = b64encode(scene.response(begun, assertion_id="_kept")).decode()
    told = [(name, value.format(message=message, state=begun.state)) for name, value in fields]

    await scene.assert_refused(await scene.send(urlencode(told).encode()))
    good = await scene.post(scene.response(begun, assertion_id="_kept"), begun.state)
    assert (await scene.finish(good, begun)).status == 302


async def test_saml_20_the_answer_of_one_host_is_not_taken_at_another(scene: SamlScene) -> None:
    begun = await scene.begin()
    elsewhere = await scene.edge.ask(
        FINISH + f"?state={begun.state}", host="other.localhost", headers=[("Cookie", begun.cookie)]
    )
    assert 400 <= elsewhere.status < 500


async def test_log_02_neither_states_nor_cookies_nor_messages_are_logged(scene: SamlScene) -> None:
    begun = await scene.begin()
    bad, good = scene.response(begun, sign="neither"), scene.response(begun)
    refused = await scene.post(bad, begun.state)
    await scene.post(b64encode(bad).decode()[:-9] + "!!!", begun.state)
    arrived = await scene.post(good, begun.state)
    session = cookies_in(await scene.finish(arrived, begun))["outerward"]
    await scene.post(good, begun.state)
    await scene.post(scene.logout_request(sign=False), begun.state, target=SLO, name="SAMLRequest")
    await scene.get("/.outerward/logout", method="POST", cookie=f"outerward={session}", headers=OWN_PAGE)

    logged = repr(scene.edge.logged)
    assert "login_failed" in logged
    secrets = [begun.state, begun.request_id, begun.cookie.partition("=")[2], session]
    for secret in [*secrets, "SignatureValue", b64encode(good).decode()[200:260]]:
        assert secret not in logged
    assert begun.cookie.encode() not in refused.body
