"""A SAML login from the first request to the session, over real sockets."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from session_store import Store
from tests.support.saml_scene import (
    ACS,
    FINISH,
    FROM_PROVIDER,
    METADATA,
    ORIGIN,
    OWN_PAGE,
    Begun,
    SamlScene,
    code_of,
    cookies_in,
    inflated,
    saml_scene,
)


async def test_a_login_ends_where_it_began_and_reaches_the_upstream(scene: SamlScene) -> None:
    cookie = await scene.sign_in("/report?page=2")

    answer = await scene.get("/", cookie=cookie)
    told = dict(answer.json["headers"])
    assert told["X-Forwarded-User"] == "ada"
    assert told["X-Forwarded-Email"] == "ada@example.com"
    assert told["X-Forwarded-Groups"] == "ops,dev"


async def test_the_request_says_what_an_identity_provider_needs(scene: SamlScene) -> None:
    request = (await scene.begin()).request

    assert request.get("AssertionConsumerServiceURL") == ORIGIN + ACS
    assert request.get("Destination") == scene.idp.sso_url
    assert request.get("ForceAuthn") is None


async def test_the_session_arises_only_after_the_redirect_with_the_cookie_of_the_login(
    scene: SamlScene,
) -> None:
    begun = await scene.begin()
    arrived = await scene.post(scene.response(begun), begun.state)

    assert (arrived.status, arrived.all("set-cookie")) == (303, [])
    assert arrived.header("location") == f"{FINISH}?state={begun.state}"
    assert (await scene.store.users(limit=1, before=None)).items == []
    assert cookies_in(await scene.finish(arrived, begun))["outerward"]


async def test_the_answer_of_another_browser_makes_no_session_and_stays_good_where_it_was_begun(
    scene: SamlScene,
) -> None:
    begun, other = await scene.begin(), await scene.begin()
    arrived = await scene.post(scene.response(begun), begun.state)

    for cookie in ("", other.cookie):
        await scene.assert_refused(await scene.get(arrived.header("location"), cookie=cookie))
    assert (await scene.finish(arrived, begun)).status == 302


async def test_a_provider_that_loses_the_relay_state_is_understood_by_what_it_answers(
    scene: SamlScene,
) -> None:
    begun = await scene.begin()
    arrived = await scene.post(scene.response(begun), None)

    assert (await scene.finish(arrived, begun)).header("location") == "/report"


async def test_the_end_of_the_providers_session_ends_ours(store: Store) -> None:
    async with saml_scene(store) as scene:
        cookie = await scene.sign_in(session_ends_at=time.time() + 120)
        assert await scene.is_in(cookie)
        (view,) = (await store.sessions(limit=5, before=None)).items
        assert view.session.expires_at / 1000 <= time.time() + 121


async def test_after_an_administrators_revocation_a_new_authentication_is_asked_for(
    scene: SamlScene,
) -> None:
    cookie = await scene.sign_in()
    assert await scene.is_in(cookie)
    (view,) = (await scene.store.users(limit=5, before=None)).items
    await scene.store.delete_user(view.user.id, "admin")
    notice = await scene.get("/.outerward/login", cookie=cookie)
    assert code_of(notice) == 2002
    sent = await scene.get("/.outerward/login", method="POST", headers=OWN_PAGE)
    query = parse_qs(urlsplit(sent.header("location")).query)
    request = inflated(query["SAMLRequest"][0])
    assert request.get("ForceAuthn") == "true"
    ((name, value),) = cookies_in(sent).items()
    begun = Begun(f"{name}={value}", query["RelayState"][0], request.get("ID", ""), request)
    old = await scene.post(scene.response(begun, authn_instant=time.time() - 120), begun.state)
    assert (await scene.finish(old, begun)).status == 302


async def test_where_it_is_configured_the_person_must_have_signed_in_anew(store: Store) -> None:
    async with saml_scene(store, force_authn=True) as scene:
        begun = await scene.begin()
        assert begun.request.get("ForceAuthn") == "true"
        old = await scene.post(scene.response(begun, authn_instant=time.time() - 120), begun.state)
        assert (old.status, code_of(old)) == (403, 2039)
        new = await scene.post(scene.response(begun), begun.state)
        assert (await scene.finish(new, begun)).status == 302


async def test_our_metadata_names_the_addresses_of_this_host(scene: SamlScene) -> None:
    answer = await scene.get(METADATA)

    assert (answer.status, answer.header("content-type")) == (200, "application/samlmetadata+xml")
    assert f'entityID="{ORIGIN}{METADATA}"'.encode() in answer.body
    assert f'Location="{ORIGIN}{ACS}"'.encode() in answer.body
    assert (await scene.get(METADATA)).body == answer.body


async def test_two_workers_have_one_key_and_each_takes_what_the_other_began(store: Store) -> None:
    async with saml_scene(store, workers=2) as scene:
        first, second = scene.edges
        assert (await first.ask(METADATA)).body == (await second.ask(METADATA)).body
        begun = await scene.begin()
        arrived = await scene.post(scene.response(begun), begun.state, edge=second)
        assert (await scene.finish(arrived, begun)).status == 302


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_the_assertion_consumer_service_takes_posts_alone(scene: SamlScene, method: str) -> None:
    answer = await scene.edge.ask(ACS, method=method, headers=FROM_PROVIDER)
    assert (answer.status, answer.header("allow")) == (405, "POST")


async def test_an_unasked_answer_is_refused_unless_it_is_allowed(scene: SamlScene) -> None:
    answer = await scene.post(scene.response(None))
    await scene.assert_refused(answer)
    assert code_of(answer) == 2035


async def test_an_unasked_answer_where_allowed_names_the_account_and_asks(store: Store) -> None:
    async with saml_scene(store, allow_idp_initiated=True) as scene:
        page = await scene.post(scene.response(None), "https://evil.example/")
        assert (page.status, code_of(page)) == (200, 2037)
        assert b"ada@example.com" in page.body
        assert b"evil" not in page.body
        assert (await store.users(limit=1, before=None)).items == []
        ((name, value),) = cookies_in(page).items()
        target = page.body.partition(b'action="')[2].partition(b'"')[0].decode()
        for headers in (FROM_PROVIDER, OWN_PAGE):
            silent = await scene.get(target, cookie=f"{name}={value}", headers=headers)
            assert 400 <= silent.status < 500
        foreign = await scene.get(target, method="POST", cookie=f"{name}={value}", headers=FROM_PROVIDER)
        assert foreign.status == 403
        without = await scene.edge.ask(target, method="POST", headers=OWN_PAGE)
        assert without.status == 400
        confirmed = await scene.get(target, method="POST", cookie=f"{name}={value}", headers=OWN_PAGE)
        assert (confirmed.status, confirmed.header("location")) == (303, "/")
        assert cookies_in(confirmed)["outerward"]


async def test_an_answer_to_a_request_is_not_taken_for_an_unasked_one(store: Store) -> None:
    async with saml_scene(store, allow_idp_initiated=True) as scene:
        begun = await scene.begin()
        message = scene.response(begun)
        arrived = await scene.post(message, begun.state)
        assert (await scene.finish(arrived, begun)).status == 302
        for relay_state in (begun.state, "https://elsewhere.example/"):
            again = await scene.post(message, relay_state)
            assert 400 <= again.status < 500
