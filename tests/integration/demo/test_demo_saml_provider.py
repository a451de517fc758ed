"""The demo's SAML provider over real sockets, against the service provider that the edge runs."""

import base64
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from lxml import etree

from idp_adapters import LoginError, LogoutDemand, LogoutDone, PostForm, Redirect, Threads
from idp_adapters.saml.keys import load
from idp_adapters.saml.signing import sign
from outerward.demo.pages import only_at
from outerward.demo.people import PEOPLE
from outerward.demo.saml_names import ASSERTION, PROTOCOL
from outerward.demo.saml_provider import DemoSamlProvider
from outerward.demo.saml_xml import KeyPair, redirect_url
from outerward.listeners import bind
from tests.integration.demo.saml_relying import MIRA, ORIGIN, PARTY, Relying, Reply
from tests.support.saml_scene import inflated


@pytest.fixture
async def relying() -> AsyncIterator[Relying]:
    door = bind("127.0.0.1:0")
    origin = f"http://localhost:{door.port}"
    threads = Threads(lambda: None)
    async with aiohttp.ClientSession() as http:
        relying = Relying(origin, http, threads)
        provider = DemoSamlProvider(
            origin,
            PEOPLE,
            PARTY.metadata,
            relying.own_metadata,
            application_name="the wiki",
            application_url=ORIGIN,
            clock=lambda: relying.now[0],
        )
        app = web.Application(middlewares=[only_at(origin)])
        app.add_routes(provider.routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, door.sockets[0]).start()
        yield relying
        for each in relying.opened:
            await each.close()
        await runner.cleanup()
    threads.close()


def without_redirect(metadata: str) -> str:
    """The provider's metadata without the Redirect binding."""
    return re.sub(r"<md:Single\w+Service Binding=\"[^\"]*HTTP-Redirect\"[^>]*/>", "", metadata)


async def test_a_sign_in_tells_the_application_who_it_is(relying: Relying) -> None:
    completed = await relying.sign_in()
    identity = completed.identity
    assert (identity.issuer, identity.subject) == (f"{relying.origin}/saml/metadata", MIRA.subject)
    assert (identity.name, identity.username) == (MIRA.name, MIRA.username)
    assert (identity.email, identity.groups) == (MIRA.email, MIRA.groups)
    assert identity.session_id
    assert completed.ends_at == relying.now[0] + 12 * 3600


async def test_a_request_by_post_is_taken_too_and_refused_when_it_was_changed(relying: Relying) -> None:
    told = without_redirect((await relying.get("/saml/metadata")).text)
    begun = await relying.application(relying.kept, idp_metadata=told).begin(PARTY)
    assert isinstance(begun.sending, PostForm)
    changed = {name: value[:-8] + "AAAAAAA=" for name, value in begun.sending.fields}
    assert (await relying.post("/saml/sso", changed)).status == 400
    completed = await relying.complete(begun, await relying.choose(await relying.send(begun.sending)))
    assert completed.identity.subject == MIRA.subject


async def test_who_is_signed_in_passes_without_a_page_until_asked_again(relying: Relying) -> None:
    first = await relying.sign_in()
    begun = await relying.sp.begin(PARTY)
    again = await relying.complete(begun, await relying.send(begun.sending))
    assert again.identity.session_id == first.identity.session_id
    relying.now[0] += 200
    forced = await relying.sp.begin(PARTY, "login")
    page = await relying.send(forced.sending)
    assert "asks you to sign in again" in page.text
    completed = await relying.complete(forced, await relying.choose(page))
    assert completed.identity.session_id != first.identity.session_id


async def test_cancelling_is_told_to_the_application(relying: Relying) -> None:
    begun = await relying.sp.begin(PARTY)
    page = await relying.send(begun.sending)
    answer = await relying.post("/saml/sign-in", page.fields | {"cancel": "yes"})
    with pytest.raises(LoginError) as failed:
        await relying.complete(begun, answer)
    assert failed.value.reason == "denied"


async def test_an_answer_is_for_its_application_and_its_request_alone(relying: Relying) -> None:
    begun = await relying.sp.begin(PARTY)
    answer = await relying.choose(await relying.send(begun.sending))
    other = await relying.sp.begin(PARTY)
    fields = list(answer.fields.items())
    with pytest.raises(LoginError):
        await relying.sp.complete(fields, other.transaction, PARTY)
    with pytest.raises(LoginError):
        await relying.application({}).complete(fields, begun.transaction, PARTY)


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"&SigAlg=.*", ""),
        (r"&Signature=[^&]*", ""),
        (r"Signature=....", "Signature=AAAA"),
        (r"rsa-sha256", "rsa-sha1"),
        (r"RelayState=.", "RelayState=~"),
        (r"(SAMLRequest=[^&]*)", r"\1&\1"),
        (r"SAMLRequest=", "SAMLResponse="),
        (r"\?.*", ""),
    ],
    ids=[
        "unsigned",
        "half",
        "another signature",
        "weak",
        "another state",
        "doubled",
        "another kind",
        "nothing",
    ],
)
async def test_what_the_application_did_not_sign_is_refused(
    relying: Relying, pattern: str, instead: str
) -> None:
    begun = await relying.sp.begin(PARTY)
    assert isinstance(begun.sending, Redirect)
    reply = await relying.get(re.sub(pattern, instead, begun.sending.url, count=1))
    assert reply.status == 400
    assert "This request cannot go on" in reply.text


async def test_another_application_gets_nothing(relying: Relying) -> None:
    await relying.sign_in()
    begun = await relying.application({}).begin(PARTY)
    assert (await relying.send(begun.sending)).status == 400
    completed = await relying.sign_in("login")
    forged = await relying.application({}).logout(completed.memory, PARTY)
    assert forged is not None
    assert (await relying.send(forged.sending)).status == 400
    assert "You are Mira" in (await relying.get("/saml/")).text


async def test_a_request_that_is_too_old_is_refused(relying: Relying) -> None:
    begun = await relying.sp.begin(PARTY)
    relying.now[0] += 301
    assert (await relying.send(begun.sending)).status == 400


async def test_a_sign_in_page_is_good_once_and_in_its_own_browser(relying: Relying) -> None:
    page = await relying.send((await relying.sp.begin(PARTY)).sending)
    assert (await relying.choose(page, Origin="http://evil.example")).status == 400
    page = await relying.send((await relying.sp.begin(PARTY)).sending)
    relying.http.cookie_jar.clear()
    assert (await relying.choose(page)).status == 400
    page = await relying.send((await relying.sp.begin(PARTY)).sending)
    assert (await relying.choose(page, Origin=relying.origin)).status == 200
    assert (await relying.choose(page)).status == 400


async def test_a_logout_of_the_application_ends_the_sign_in_here(relying: Relying) -> None:
    completed = await relying.sign_in()
    logout = await relying.sp.logout(completed.memory, PARTY)
    assert logout is not None
    reply = await relying.send(logout.sending)
    assert dict(reply.query)["RelayState"] == logout.state
    heard = await relying.sp.read_logout(reply.message(logout.transaction), PARTY)
    assert heard == LogoutDone(everywhere=True)
    assert "Who are you?" in (await relying.send((await relying.sp.begin(PARTY)).sending)).text


async def test_a_logout_of_a_session_that_is_not_known_changes_nothing(relying: Relying) -> None:
    completed = await relying.sign_in()
    await relying.sign_in("login")
    logout = await relying.sp.logout(completed.memory, PARTY)
    assert logout is not None
    reply = await relying.send(logout.sending)
    heard = await relying.sp.read_logout(reply.message(logout.transaction), PARTY)
    assert heard == LogoutDone(everywhere=False)
    assert "You are Mira" in (await relying.get("/saml/")).text


async def test_a_logout_here_reaches_the_application_and_shows_what_it_said(relying: Relying) -> None:
    completed = await relying.sign_in()
    page = await relying.get("/saml/")
    assert (await relying.post("/saml/sign-out", page.fields, Origin="http://evil.example")).status == 400
    page = await relying.get("/saml/")
    reply = await relying.post("/saml/sign-out", page.fields)
    heard = await relying.sp.read_logout(reply.message(), PARTY)
    assert isinstance(heard, LogoutDemand)
    assert set(heard.names) <= set(completed.names)
    assert "Nobody is signed in here" in (await relying.get("/saml/")).text

    answer = await relying.sp.answer_logout(heard.reply, PARTY)
    assert answer is not None
    assert "Signed out everywhere" in (await relying.send(answer)).text
    assert (await relying.send(answer)).status == 400


async def test_an_application_that_could_not_end_it_is_shown_so(relying: Relying) -> None:
    await relying.sign_in()
    reply = await relying.post("/saml/sign-out", (await relying.get("/saml/")).fields)
    heard = await relying.sp.read_logout(reply.message(), PARTY)
    assert isinstance(heard, LogoutDemand)
    answer = await relying.sp.answer_logout(heard.reply, PARTY)
    assert isinstance(answer, Redirect)
    query = parse_qs(urlsplit(answer.url).query)
    tree = inflated(query["SAMLResponse"][0])
    tree[-1][0].set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    signed = base64.b64encode(sign(tree, await relying.sp._pair.get())).decode()
    refused = PostForm(answer.url.partition("?")[0], (("SAMLResponse", signed),))
    assert "Signed out here only" in (await relying.send(refused)).text


async def test_while_the_applications_metadata_cannot_be_had_it_says_so_and_asks_again_later(
    relying: Relying,
) -> None:
    relying.is_away = True
    assert "cannot be had" in (await relying.send((await relying.sp.begin(PARTY)).sending)).text
    relying.is_away = False
    assert (await relying.sign_in()).identity.subject == MIRA.subject


async def test_the_posting_page_runs_its_one_line_and_leads_to_the_application_alone(
    relying: Relying,
) -> None:
    page = await relying.send((await relying.sp.begin(PARTY)).sending)
    assert f"form-action 'self' {ORIGIN};" in page.headers["Content-Security-Policy"]
    policy = (await relying.choose(page)).headers["Content-Security-Policy"]
    assert re.search(r"script-src 'sha256-[^ ]+'; ", policy)
    assert f"form-action {ORIGIN};" in policy


async def asked_by_hand(relying: Relying, kind: str, **attributes: str) -> Reply:
    """A message that the application does not send by itself, with its signature; ``inside`` is XML."""
    await relying.sp.metadata(PARTY)
    (kept,) = relying.kept.values()
    pair = load(kept)
    inside = attributes.pop("inside", "")
    address = f"{relying.origin}/saml/{'slo' if kind == 'LogoutRequest' else 'sso'}"
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    root = etree.fromstring(
        f'<p:{kind} xmlns:p="{PROTOCOL}" xmlns:a="{ASSERTION}" ID="_1" Version="2.0"'
        f' IssueInstant="2027-01-15T08:00:00Z" Destination="{address}"{more}>'
        f"<a:Issuer>{PARTY.metadata}</a:Issuer>{inside}</p:{kind}>"
    )
    signer = KeyPair(pair.private_key, pair.certificate)
    return await relying.get(redirect_url(address, "SAMLRequest", root, "state", signer))


def status_of(answer: Reply) -> str:
    """The innermost status of the Response that a page posts."""
    root = etree.fromstring(base64.b64decode(answer.fields["SAMLResponse"]))
    return str(list(root.iter(f"{{{PROTOCOL}}}StatusCode"))[-1].get("Value")).rpartition(":")[2]


async def test_a_passive_request_gets_no_page(relying: Relying) -> None:
    assert status_of(await asked_by_hand(relying, "AuthnRequest", IsPassive="true")) == "NoPassive"


async def test_another_kind_of_name_than_there_is_is_refused(relying: Relying) -> None:
    policy = '<p:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>'
    answer = await asked_by_hand(relying, "AuthnRequest", inside=policy)
    assert status_of(answer) == "InvalidNameIDPolicy"


async def test_a_logout_ends_the_person_that_it_names_and_nobody_else(relying: Relying) -> None:
    await relying.sign_in()
    for name, page in (("demo-1002", "You are Mira"), (MIRA.subject, "Nobody is signed in here")):
        await asked_by_hand(relying, "LogoutRequest", inside=f"<a:NameID>{name}</a:NameID>")
        assert page in (await relying.get("/saml/")).text


async def test_at_another_name_it_is_not_there(relying: Relying) -> None:
    assert (await relying.get("/saml/metadata", Host="evil.example")).status == 421
