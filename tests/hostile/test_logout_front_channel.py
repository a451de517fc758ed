"""LOGOUT-07: the front channel ends what iss and sid name together; no other address may be in a frame."""

from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import pytest

from proxy.login.provider_logout import MOST_INVALID
from session_store import EndReason, Store, Tombstone
from tests.support.edge import HOST, hash_of
from tests.support.logout_tokens import (
    BACK,
    BROWSER,
    FORM,
    FRONT,
    IN_A_FRAME,
    LOGOUT,
    OKTA,
    SECOND,
    SIGNED_OUT,
    LogoutScene,
    code_of,
    logout_scene,
)


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


def may_be_framed(headers: list[tuple[str, str]]) -> bool:
    policy = next((value for name, value in headers if name == "content-security-policy"), "")
    return "frame-ancestors" not in policy and not any(name == "x-frame-options" for name, _ in headers)


async def test_logout_07_iss_and_sid_that_fit_end_the_session_in_a_frame_without_a_redirect(
    scene: LogoutScene,
) -> None:
    here, there = await scene.sign_in(sid="s-1"), await scene.sign_in(sid="s-1", host=SECOND)
    other = await scene.sign_in(sid="s-2")
    answer = await scene.get(
        f"{FRONT}?{urlencode({'iss': scene.corp.issuer, 'sid': 's-1'})}", headers=IN_A_FRAME
    )

    assert (answer.status, code_of(answer), answer.header("location")) == (200, 2044, "")
    assert may_be_framed(answer.headers)
    assert answer.header("cache-control") == "no-store"
    assert answer.all("set-cookie") == []
    assert not await scene.is_in(here)
    assert not await scene.is_in(there, SECOND)
    assert await scene.is_in(other)
    ended = await scene.store.browser_session(hash_of(here))
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.ended_by) == (EndReason.FRONT_CHANNEL, "provider:corp")
    page = await scene.get("/.outerward/login", cookie=f"outerward={here}")
    assert b"You signed out elsewhere" in page.body


@pytest.mark.parametrize(
    "query",
    [
        "sid=s-1",
        "iss=&sid=s-1",
        "iss=https://evil.example&sid=s-1",
        "iss={issuer}/&sid=s-1",
        "iss={ISSUER}&sid=s-1",
        "iss={okta}&sid=s-1",
        "iss={issuer}%20&sid=s-1",
        "iss={issuer}%00&sid=s-1",
        "ISS={issuer}&sid=s-1",
        "iss={issuer}&iss={issuer}&sid=s-1",
        "iss={issuer}&iss=https://evil.example&sid=s-1",
        "iss=https://evil.example&iss={issuer}&sid=s-1",
        "iss={issuer}",
        "iss={issuer}&sid=",
        "iss={issuer}&SID=s-1",
        "iss={issuer}&sid[]=s-1",
        "iss={issuer}&sid=s-1&sid=s-1",
        "iss={issuer}&sid=s-1&sid=s-2",
        "iss={issuer}&sid=" + "s" * 1001,
        "iss={issuer};sid=s-1",
        "logout_token=x",
        "",
        "iss",
        "&&",
        "&".join(f"x{n}=1" for n in range(101)),
    ],
)
async def test_logout_07_without_one_right_iss_and_one_sid_nothing_ends(
    scene: LogoutScene, query: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    issuer = scene.corp.issuer
    spelled = query.format(issuer=issuer, ISSUER=issuer.upper(), okta=scene.okta.issuer)
    answer = await scene.get(f"{FRONT}?{spelled}", cookie=f"outerward={cookie}", headers=IN_A_FRAME)

    assert answer.status == 400
    await scene.assert_nothing_ended(cookie, answer)


@pytest.mark.parametrize("sid", ["unknown", "s-1 ", "S-1", "ada", "s-%31%00", "é", "%ff", "sub ada", "s-2"])
async def test_logout_07_an_unknown_sid_is_answered_like_a_known_one_and_ends_nothing(
    scene: LogoutScene, sid: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    known = await scene.sign_in(sid="known")
    target = f"{FRONT}?iss={quote(scene.corp.issuer)}&sid="
    unknown = await scene.get(target + (sid if "%" in sid else quote(sid)), headers=IN_A_FRAME)
    right = await scene.get(target + "known", headers=IN_A_FRAME)

    assert (unknown.status, code_of(unknown)) == (right.status, code_of(right)) == (200, 2044)
    assert await scene.is_in(cookie)
    assert not await scene.is_in(known)


async def test_logout_07_the_address_of_the_other_provider_ends_nothing_of_this_one(
    scene: LogoutScene,
) -> None:
    ours = await scene.sign_in(sid="s-1")
    okta = FRONT.replace("corp", "okta")
    theirs = f"{okta}?{urlencode({'iss': scene.okta.issuer, 'sid': 's-1'})}"
    mixed = f"{okta}?{urlencode({'iss': scene.corp.issuer, 'sid': 's-1'})}"

    assert (await scene.get(theirs, host=OKTA, headers=IN_A_FRAME)).status == 200
    assert (await scene.get(mixed, host=OKTA, headers=IN_A_FRAME)).status == 400
    assert (await scene.get(theirs, host=HOST, headers=IN_A_FRAME)).status == 404
    assert await scene.is_in(ours)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_logout_07_another_method_is_405_and_ends_nothing(scene: LogoutScene, method: str) -> None:
    cookie = await scene.sign_in(sid="s-1")
    target = f"{FRONT}?{urlencode({'iss': scene.corp.issuer, 'sid': 's-1'})}"
    body = b"" if method == "HEAD" else target.partition("?")[2].encode()
    answer = await scene.edge.ask(
        target, method=method, headers=[*IN_A_FRAME, ("Content-Type", FORM)], body=body
    )

    assert (answer.status, answer.header("allow")) == (405, "GET")
    assert not may_be_framed(answer.headers)
    assert await scene.is_in(cookie)


async def test_f2_no_other_page_of_ours_may_stand_in_a_frame(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    right = urlencode({"iss": scene.corp.issuer, "sid": "s-1"})
    pages = [
        await scene.get(target, cookie=f"outerward={cookie}", headers=IN_A_FRAME)
        for target in (
            LOGOUT,
            f"{LOGOUT}?{right}",
            SIGNED_OUT,
            f"{SIGNED_OUT}?{right}",
            f"/.outerward/callback/corp?{right}",
            f"/.outerward/callback/corp?state=x&{right}",
            f"{BACK}?{right}",
            f"/.outerward/frontchannel-logout?{right}",
            f"{FRONT}/?{right}",
            f"/.outerward/frontchannel-logout/%63orp?{right}",
            f"/.outerward/frontchannel-logout/gone?{right}",
            "/.outerward/",
        )
    ]

    assert [page.header("content-type") for page in pages] == ["text/html; charset=utf-8"] * len(pages)
    assert [may_be_framed(page.headers) for page in pages] == [False] * len(pages)
    assert {page.header("x-frame-options") for page in pages} == {"DENY"}
    assert await scene.is_in(cookie)


async def test_f2_a_refusal_of_the_front_channel_may_stand_in_its_frame_and_keeps_the_rest_of_the_policy(
    scene: LogoutScene,
) -> None:
    refused = await scene.get(f"{FRONT}?sid=s-1", headers=IN_A_FRAME)
    page = await scene.get(SIGNED_OUT, headers=BROWSER)
    policy = page.header("content-security-policy")

    assert may_be_framed(refused.headers)
    assert f"{refused.header('content-security-policy')}; frame-ancestors 'none'" == policy
    assert refused.header("x-content-type-options") == "nosniff"
    assert refused.header("referrer-policy") == "no-referrer"


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:x"]
)
async def test_logout_07_nothing_of_a_hostile_query_is_on_the_page(scene: LogoutScene, payload: str) -> None:
    for parameters in ({"iss": payload, "sid": payload}, {"iss": scene.corp.issuer, "sid": payload}):
        answer = await scene.get(f"{FRONT}?{urlencode(parameters)}", headers=IN_A_FRAME)
        assert payload.encode() not in answer.body
        assert b"<script" not in answer.body


async def test_a_front_channel_login_under_way_is_overtaken_too(scene: LogoutScene) -> None:
    begun = await scene.begin(sid="s-1")
    target = f"{FRONT}?{urlencode({'iss': scene.corp.issuer, 'sid': 's-1'})}"
    assert (await scene.get(target, headers=IN_A_FRAME)).status == 200

    assert (await scene.come_back(begun)).status == 409


async def test_b10_whoever_makes_up_sids_is_not_heard_for_a_while(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    made_up = [
        await scene.get(f"{FRONT}?{urlencode({'iss': scene.corp.issuer, 'sid': f'x-{number}'})}")
        for number in range(MOST_INVALID)
    ]
    assert {answer.status for answer in made_up} == {200}
    right = await scene.get(f"{FRONT}?{urlencode({'iss': scene.corp.issuer, 'sid': 's-1'})}")
    assert (right.status, code_of(right)) == (429, 2043)
    assert await scene.is_in(cookie)
