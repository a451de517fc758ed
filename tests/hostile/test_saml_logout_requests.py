"""Hostile logout messages at a running edge: nobody is signed out by them (SAML-34, S18)."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from idp_adapters.saml.names import RSA_SHA256
from proxy.login.provider_logout import MOST_INVALID
from session_store import Store
from tests.support.saml_attacks import LOGOUT_ATTACKS
from tests.support.saml_crypto import HMAC_SHA256, RSA_SHA1
from tests.support.saml_messages import Logout, SamlIdentityProvider, foreign_key, redirect_query, weak_key
from tests.support.saml_scene import BROWSER, ORIGIN, SLO, SamlScene, code_of, saml_scene
from tests.support.saml_victim import adding, removing, repeating, setting, writing

SAME_OCTETS_OTHERWISE: dict[str, Callable[[str], str]] = {
    "lower-case percent-encoding": lambda query: query.replace("%3A", "%3a").replace("%2F", "%2f"),
    "a letter in percent-encoding": lambda query: query.replace("SAMLRequest=", "SAMLRequest=%" + "66", 1),
    "RelayState changed": lambda query: query.replace("RelayState=back", "RelayState=evil"),
    "RelayState taken out": lambda query: query.replace("RelayState=back&", ""),
    "RelayState emptied": lambda query: query.replace("RelayState=back", "RelayState="),
    "the message changed": lambda query: query.replace("SAMLRequest=", "SAMLRequest=A", 1),
    "the method changed": lambda query: query.replace("rsa-sha256", "rsa-sha512"),
    "the method weakened": lambda query: query.replace("rsa-sha256", "rsa-sha1"),
    "no method": lambda query: without(query, "SigAlg"),
    "no signature": lambda query: without(query, "Signature"),
    "neither method nor signature": lambda query: without(without(query, "Signature"), "SigAlg"),
    "an empty signature": lambda query: query.partition("&Signature=")[0] + "&Signature=",
    "the message twice": lambda query: f"{query}&{query.partition('&')[0]}",
    "RelayState twice": lambda query: f"{query}&RelayState=back",
    "the signature twice": lambda query: f"{query}&{query.rpartition('&')[2]}",
    "the method twice": lambda query: f"{query}&SigAlg={quote(RSA_SHA256, safe='')}",
    "the message twice, once coded": lambda query: f"{query}&SAMLReques%74=x",
    "a response beside it": lambda query: f"{query}&SAMLResponse=x",
    "as a response": lambda query: query.replace("SAMLRequest=", "SAMLResponse="),
    "another encoding": lambda query: f"{query}&SAMLEncoding=urn:x",
    "a broken code": lambda query: query.replace("RelayState=back", "RelayState=back%"),
    "a broken code in a name": lambda query: f"{query}&x%=",
    "a hundred parameters": lambda query: query + "".join(f"&a{number}=" for number in range(120)),
}
"""What must not be taken for the signed query; each is a change of the good one."""
STILL_THE_SAME: dict[str, Callable[[str], str]] = {
    "reordered": lambda query: "&".join(reversed(query.split("&"))),
    "more parameters": lambda query: f"x=1&{query}&y=",
    "DEFLATE by name": lambda query: (
        f"{query}&SAMLEncoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
    ),
}
"""The signature covers the signed parameters in standard order, wherever they stand."""
REFUSED: dict[str, dict[str, Any]] = {
    "issued 301 s ago": {"now": -361.0},
    "issued in six minutes": {"now": 361.0},
    "expired": {"not_on_or_after": -61.0},
    "another Destination": {"destination": f"{ORIGIN}{SLO}2"},
    "no Destination": {"destination": None},
    "the Destination of another host": {"destination": f"https://evil.example{SLO}"},
    "another Issuer": {"issuer": "https://other.example"},
    "an empty NameID": {"name_id": ""},
    "a NameID with a blank": {"name_id": "ada "},
    "Version 1.1": {"edit": setting(".", Version="1.1")},
    "no Issuer": {"edit": removing("saml:Issuer")},
    "two Issuers": {"edit": repeating("saml:Issuer")},
    "two NameIDs": {"edit": repeating("saml:NameID")},
    "no NameID": {"edit": removing("saml:NameID")},
    "no ID": {"edit": setting(".", ID=None)},
    "no IssueInstant": {"edit": setting(".", IssueInstant=None)},
    "an empty SessionIndex": {"edit": writing("samlp:SessionIndex", "")},
    "an assertion in it": {"edit": adding(".", '<saml:Assertion ID="_x" Version="2.0"/>')},
    "something else in it": {"edit": adding(".", "<saml:Audience>x</saml:Audience>")},
    "a BaseID": {"edit": adding("saml:NameID", "<saml:BaseID/>", "after")},
}


def without(query: str, name: str) -> str:
    """``query`` without one parameter."""
    return "&".join(piece for piece in query.split("&") if not piece.startswith(f"{name}="))


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[SamlScene]:
    async with saml_scene(store) as running:
        yield running


def options(scene: SamlScene, changes: dict[str, Any]) -> Logout:
    """A LogoutRequest with ``changes``, times in it from now on."""
    shifted = {
        name: time.time() + value if isinstance(value, float) else value for name, value in changes.items()
    }
    return scene.logout_options(**shifted)


async def assert_still_in(scene: SamlScene, cookie: str, answer_status: int, name: str = "") -> None:
    """The message was refused, and the session lives."""
    assert 400 <= answer_status < 500, (name, answer_status)
    assert await scene.is_in(cookie), name


@pytest.mark.parametrize("name", list(LOGOUT_ATTACKS))
async def test_saml_34_a_hostile_logout_request_signs_nobody_out(scene: SamlScene, name: str) -> None:
    ada, mallory = await scene.sign_in(), await scene.sign_in(name_id="mallory")
    victim = await scene.victim(None)

    answer = await scene.post(LOGOUT_ATTACKS[name](victim), target=SLO, name="SAMLRequest")

    await assert_still_in(scene, ada, answer.status)
    assert await scene.is_in(mallory)


@pytest.mark.parametrize("binding", ["post", "redirect"])
@pytest.mark.parametrize("name", list(REFUSED))
async def test_saml_34_a_signed_logout_request_that_is_not_right_signs_nobody_out(
    scene: SamlScene, name: str, binding: str
) -> None:
    cookie = await scene.sign_in()
    request = options(scene, REFUSED[name])
    if binding == "post":
        answer = await scene.post(scene.idp.logout(request), target=SLO, name="SAMLRequest")
    else:
        answer = await scene.get(f"{SLO}?{scene.idp.logout_query(request)}")
    await assert_still_in(scene, cookie, answer.status)


@pytest.mark.parametrize("name", list(SAME_OCTETS_OTHERWISE))
async def test_saml_34_the_signature_covers_the_query_as_it_came(scene: SamlScene, name: str) -> None:
    cookie = await scene.sign_in()
    query = scene.idp.logout_query(scene.logout_options(), "back")
    changed = SAME_OCTETS_OTHERWISE[name](query)
    assert changed != query

    await assert_still_in(scene, cookie, (await scene.get(f"{SLO}?{changed}")).status)
    good = await scene.get(f"{SLO}?{query}")
    assert good.status == 302, good.body
    assert not await scene.is_in(cookie)


@pytest.mark.parametrize("name", list(STILL_THE_SAME))
async def test_a_signed_query_is_taken_in_any_order(scene: SamlScene, name: str) -> None:
    cookie = await scene.sign_in()
    query = STILL_THE_SAME[name](scene.idp.logout_query(scene.logout_options(), "back"))

    assert (await scene.get(f"{SLO}?{query}")).status == 302
    assert not await scene.is_in(cookie)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(foreign_key, RSA_SHA256), (weak_key, RSA_SHA256), (foreign_key, RSA_SHA1), (foreign_key, HMAC_SHA256)],
    ids=["a stranger's key", "a weak key", "SHA-1", "HMAC"],
)
async def test_saml_34_a_query_signed_by_another_signs_nobody_out(
    scene: SamlScene, key: Callable[[], Any], algorithm: str
) -> None:
    cookie = await scene.sign_in()
    message = scene.logout_request(sign=False)
    query = redirect_query("SAMLRequest", message, None, (key(), algorithm))
    await assert_still_in(scene, cookie, (await scene.get(f"{SLO}?{query}")).status)


async def test_saml_34_a_query_that_the_provider_signs_with_sha_1_signs_nobody_out(scene: SamlScene) -> None:
    cookie = await scene.sign_in()
    query = scene.idp.logout_query(scene.logout_options(), algorithm=RSA_SHA1)
    await assert_still_in(scene, cookie, (await scene.get(f"{SLO}?{query}")).status)


@pytest.mark.parametrize("enveloped", [False, True], ids=["plain", "signed inside"])
async def test_saml_34_an_unsigned_query_from_another_site_signs_nobody_out(
    scene: SamlScene, enveloped: bool
) -> None:
    """As an image or a link on any page would send it; a signature inside does not sign the query."""
    cookie = await scene.sign_in()
    query = redirect_query("SAMLRequest", scene.logout_request(sign=enveloped), None, None)
    image = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
    for headers in (BROWSER, image):
        answer = await scene.get(f"{SLO}?{query}", cookie=cookie, headers=headers)
        await assert_still_in(scene, cookie, answer.status)


async def test_saml_34_a_redirects_message_does_not_count_as_a_posted_one(scene: SamlScene) -> None:
    cookie = await scene.sign_in()
    query = scene.idp.logout_query(scene.logout_options())
    fields = [("SAMLRequest", b64encode(scene.logout_request(sign=False)).decode())]
    answer = await scene.send(f"{urlencode(fields)}&{query.partition('&')[2]}".encode(), target=SLO)
    await assert_still_in(scene, cookie, answer.status)
    answer = await scene.send(query.encode(), target=SLO)
    await assert_still_in(scene, cookie, answer.status)


async def test_saml_34_a_query_does_not_sign_a_posted_form(scene: SamlScene) -> None:
    cookie = await scene.sign_in()
    query = scene.idp.logout_query(scene.logout_options())
    answer = await scene.post(scene.logout_request(sign=False), target=f"{SLO}?{query}", name="SAMLRequest")
    await assert_still_in(scene, cookie, answer.status)


@pytest.mark.parametrize("binding", ["post", "redirect"])
async def test_saml_34_a_logout_request_counts_once(scene: SamlScene, binding: str) -> None:
    request = scene.logout_options()

    async def send() -> int:
        if binding == "post":
            return (await scene.post(scene.idp.logout(request), target=SLO, name="SAMLRequest")).status
        return (await scene.get(f"{SLO}?{scene.idp.logout_query(request)}")).status

    first = await scene.sign_in()
    assert await send() in (200, 302)
    assert not await scene.is_in(first)
    second = await scene.sign_in()
    await assert_still_in(scene, second, await send())


async def test_saml_34_one_id_counts_once_over_both_bindings(scene: SamlScene) -> None:
    request = scene.logout_options()
    assert (await scene.get(f"{SLO}?{scene.idp.logout_query(request)}")).status == 302
    cookie = await scene.sign_in()
    posted = await scene.post(scene.idp.logout(request), target=SLO, name="SAMLRequest")
    assert code_of(posted) == 2042
    await assert_still_in(scene, cookie, posted.status)


async def test_saml_34_the_same_request_of_another_provider_signs_nobody_out(scene: SamlScene) -> None:
    cookie = await scene.sign_in()
    other = SamlIdentityProvider("https://other.example", key=foreign_key())
    request = replace(scene.logout_options(), issuer="https://other.example")
    for message in (other.logout(request), scene.idp.logout(request)):
        answer = await scene.post(message, target=SLO, name="SAMLRequest")
        await assert_still_in(scene, cookie, answer.status)


async def test_saml_34_a_login_answer_at_the_logout_address_and_the_reverse_are_nothing(
    scene: SamlScene,
) -> None:
    cookie = await scene.sign_in()
    begun = await scene.begin()
    for message in (scene.response(begun), scene.response(begun, sign="both")):
        for name in ("SAMLRequest", "SAMLResponse"):
            answer = await scene.post(message, begun.state, target=SLO, name=name)
            await assert_still_in(scene, cookie, answer.status)
    answer = await scene.post(scene.logout_request(in_response_to=begun.request_id), begun.state)
    await assert_still_in(scene, cookie, answer.status)
    assert (await scene.post(scene.response(begun), begun.state)).status == 303


@pytest.mark.parametrize("relay_state", ["x" * 1025, "x" * 6000])
async def test_saml_34_a_relay_state_out_of_all_bounds_is_not_given_back(
    scene: SamlScene, relay_state: str
) -> None:
    cookie = await scene.sign_in()
    answer = await scene.post(scene.logout_request(), relay_state, target=SLO, name="SAMLRequest")
    await assert_still_in(scene, cookie, answer.status)


@pytest.mark.parametrize("relay_state", ['"><script>alert(1)</script>', "https://evil.example/", "\r\nX: y"])
async def test_saml_33_a_logouts_relay_state_goes_back_to_the_provider_alone_and_as_text(
    scene: SamlScene, relay_state: str
) -> None:
    answer = await scene.post(scene.logout_request(), relay_state, target=SLO, name="SAMLRequest")

    assert answer.status == 200
    assert b"<script>alert" not in answer.body
    assert b'action="https://idp.example.com/slo"' in answer.body
    answer = await scene.get(f"{SLO}?{scene.idp.logout_query(scene.logout_options(), relay_state)}")
    assert answer.header("location").startswith("https://idp.example.com/slo?SAMLResponse=")


async def test_saml_34_invalid_ones_are_limited_for_the_provider_and_good_ones_never(
    scene: SamlScene,
) -> None:
    cookie = await scene.sign_in()
    statuses = [
        (await scene.post(b"<x/>", target=SLO, name="SAMLRequest")).status for _ in range(MOST_INVALID + 3)
    ]
    assert statuses == [400] * MOST_INVALID + [429] * 3
    answer = await scene.post(scene.logout_request(), target=SLO, name="SAMLRequest")
    assert answer.status == 200
    assert not await scene.is_in(cookie)
