"""Single logout that begins here: the session ends first, then the provider is asked and heard."""

from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from idp_adapters.saml.names import BY_REDIRECT
from idp_adapters.saml.redirect_binding import read_signed
from session_store import Store
from tests.support.edge import HOST, hash_of
from tests.support.http_client import Answer
from tests.support.saml_messages import SamlIdentityProvider, foreign_key
from tests.support.saml_scene import METADATA, OWN_PAGE, SLO, SamlScene, code_of, inflated, saml_scene

SIGNED_OUT = "/.outerward/signed-out"
BOTH = pytest.mark.parametrize("binding", ["post", "redirect"])


async def ask_us(scene: SamlScene, cookie: str, path: str = "/.outerward/logout") -> Answer:
    """The visitor presses our button."""
    return await scene.get(path, method="POST", cookie=cookie, headers=OWN_PAGE)


def request_in(answer: Answer) -> tuple[etree._Element, str]:
    """The LogoutRequest in a redirect to the provider, and its RelayState."""
    query = parse_qs(urlsplit(answer.header("location")).query)
    return inflated(query["SAMLRequest"][0]), query["RelayState"][0]


async def test_a_logout_here_ends_the_session_first_and_then_asks_the_provider(scene: SamlScene) -> None:
    cookie = await scene.sign_in(session_index="_a")
    sent = await ask_us(scene, cookie)

    assert not await scene.is_in(cookie)
    request, relay_state = request_in(sent)
    assert request.findtext("{*}NameID") == "ada"
    assert request.findtext("{*}SessionIndex") == "_a"
    assert request.get("Destination") == scene.idp.slo_url
    assert request.findtext("{*}Issuer") == f"http://{HOST}{METADATA}"
    assert len(relay_state) <= 80
    query = urlsplit(sent.header("location")).query
    read_signed(query, "SAMLRequest", [await scene.our_certificate()])
    assert any(line.startswith("outerward=;") for line in sent.all("set-cookie"))


async def test_a_provider_that_takes_posts_alone_gets_a_form(store: Store) -> None:
    metadata = SamlIdentityProvider().metadata().decode()
    line = next(
        each for each in metadata.splitlines() if "SingleLogoutService" in each and BY_REDIRECT in each
    )
    async with saml_scene(store, idp_metadata=metadata.replace(line, "")) as scene:
        cookie = await scene.sign_in()
        page = await ask_us(scene, cookie)
        assert page.status == 200
        assert b'action="https://idp.example.com/slo"' in page.body
        assert b'name="SAMLRequest"' in page.body
        assert not await scene.is_in(cookie)


async def test_a_provider_without_logout_is_not_asked(store: Store) -> None:
    metadata = SamlIdentityProvider().metadata().decode()
    lines = [each for each in metadata.splitlines() if "SingleLogoutService" not in each]
    async with saml_scene(store, idp_metadata="\n".join(lines)) as scene:
        cookie = await scene.sign_in()
        answer = await ask_us(scene, cookie)
        assert (answer.status, answer.header("location")) == (303, SIGNED_OUT)
        assert not await scene.is_in(cookie)


@BOTH
async def test_its_answer_leads_to_the_page_that_was_asked_for(scene: SamlScene, binding: str) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie, "/.outerward/logout?redirect_path=/bye"))
    back = await answered(scene, binding, state, request.get("ID", ""))
    assert 302 <= back.status <= 303
    assert back.header("location") == "/bye"


@BOTH
async def test_its_answer_leads_to_the_signed_out_page_by_default(scene: SamlScene, binding: str) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie))
    back = await answered(scene, binding, state, request.get("ID", ""))
    assert back.header("location") == SIGNED_OUT
    page = await scene.get(back.header("location"))
    assert (page.status, code_of(page)) == (200, 2031)


@BOTH
@pytest.mark.parametrize(
    "status",
    [
        {"second_status": "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"},
        {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
        {"status": "urn:oasis:names:tc:SAML:2.0:status:Requester"},
    ],
    ids=["partial", "responder", "requester"],
)
async def test_a_partial_logout_is_said_to_be_one(
    scene: SamlScene, binding: str, status: dict[str, str]
) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie))
    back = await answered(scene, binding, state, request.get("ID", ""), **status)
    page = await scene.get(back.header("location"))
    assert (page.status, code_of(page)) == (200, 2032)
    assert not await scene.is_in(cookie)


async def answered(
    scene: SamlScene, binding: str, state: str | None, request_id: str, **changes: object
) -> Answer:
    """The provider's LogoutResponse, brought by the browser."""
    options = scene.logout_options(**({"in_response_to": request_id} | changes))
    if binding == "post":
        return await scene.post(scene.idp.logout(options), state, target=SLO)
    return await scene.get(f"{SLO}?{scene.idp.logout_query(options, state)}")


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"in_response_to": "_another"},
        {"in_response_to": ""},
        {"sign": False},
        {"issuer": "https://other.example"},
        {"destination": None},
        {"destination": f"http://{HOST}{SLO}/evil"},
        {"now": 1_000_000_000.0},
    ],
    ids=["another request", "no request", "unsigned", "another issuer", "no place", "another place", "old"],
)
async def test_an_answer_that_is_not_right_is_refused_and_the_right_one_is_taken_after_it(
    scene: SamlScene, binding: str, changes: dict[str, object]
) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie))
    request_id = request.get("ID", "")
    bad = await answered(scene, binding, state, request_id, **changes)
    assert 400 <= bad.status < 500
    assert (await answered(scene, binding, state, request_id)).header("location") == SIGNED_OUT


@BOTH
async def test_an_answer_signed_by_another_is_refused(scene: SamlScene, binding: str) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie))
    genuine, scene.idp = scene.idp, SamlIdentityProvider(key=foreign_key())
    assert (await answered(scene, binding, state, request.get("ID", ""))).status == 400
    scene.idp = genuine
    assert (await answered(scene, binding, state, request.get("ID", ""))).status in (302, 303)


@BOTH
@pytest.mark.parametrize("state", [None, "", "x", "A" * 43])
async def test_an_answer_to_no_logout_of_ours_is_refused(
    scene: SamlScene, binding: str, state: str | None
) -> None:
    cookie = await scene.sign_in()
    answer = await answered(scene, binding, state, "_unknown")
    assert answer.status == 400
    assert await scene.is_in(cookie)


@BOTH
async def test_an_answer_counts_once(scene: SamlScene, binding: str) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie, "/.outerward/logout?redirect_path=/bye"))
    options = scene.logout_options(in_response_to=request.get("ID", ""))
    query = f"{SLO}?{scene.idp.logout_query(options, state)}"
    assert (await scene.get(query)).status == 302
    assert (await scene.get(query)).status == 400


async def test_the_state_of_a_logout_is_none_of_a_login(scene: SamlScene) -> None:
    cookie = await scene.sign_in()
    request, state = request_in(await ask_us(scene, cookie))
    begun = await scene.begin()
    crossed = await scene.post(scene.response(begun, request_id=request.get("ID")), state)
    assert 400 <= crossed.status < 500
    crossed = await answered(scene, "post", begun.state, begun.request_id)
    assert 400 <= crossed.status < 500


async def test_a_logout_here_leaves_nothing_of_the_session_in_the_store(scene: SamlScene) -> None:
    cookie = await scene.sign_in()
    kept = hash_of(cookie.partition("=")[2])
    assert await scene.store.session_memory(kept)
    await ask_us(scene, cookie)
    assert await scene.store.session_memory(kept) is None
