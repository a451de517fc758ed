"""The module of oidcc-client-test-3rd-party-init-login-test-plan, and what a third party must not do."""

from urllib.parse import urlencode

import pytest

from tests.conformance.relying_party import RelyingParty
from tests.support.http_client import Answer
from tests.support.logout_tokens import BROWSER, Begun, cookies_in


async def initiated(rp: RelyingParty, target: str, issuer: str = "") -> Answer:
    """A link on somebody else's page, to our ``initiate_login_uri``."""
    query = {"iss": issuer or rp.provider.issuer, "target_link_uri": target}
    headers = [*BROWSER, ("Sec-Fetch-Site", "cross-site")]
    return await rp.scene.get(f"/.outerward/login?{urlencode(query)}", headers=headers)


async def landing_of(rp: RelyingParty, away: Answer) -> Answer:
    answer = rp.provider.authorize(away.header("location"))
    ((name, value),) = cookies_in(away).items()
    callback = f"/.outerward/callback/corp?{urlencode(answer)}"
    return await rp.come_back(Begun(callback, f"{name}={value}", "app.localhost"))


async def test_oidcc_client_test_3rd_party_init_login(rp: RelyingParty) -> None:
    """Another site sends the person to us with ``iss`` and ``target_link_uri``: a login as any other."""
    away = await initiated(rp, "http://app.localhost/report?month=5")
    landing = await landing_of(rp, away)

    assert away.status == 302
    assert away.header("location").startswith(f"{rp.provider.issuer}/authorize?")
    assert landing.header("location") == "/report?month=5"
    assert await rp.scene.is_in(cookies_in(landing)["outerward"])


@pytest.mark.parametrize("name", ["another", "slash", "configured elsewhere", "nothing"])
async def test_a_third_party_names_an_issuer_of_this_endpoint_or_begins_nothing(
    rp: RelyingParty, name: str
) -> None:
    issuers = {
        "another": "https://other.example",
        "slash": rp.provider.issuer + "/",
        "configured elsewhere": rp.scene.okta.issuer,
        "nothing": " ",
    }
    answer = await initiated(rp, "http://app.localhost/", issuers[name])

    assert (answer.status, answer.all("set-cookie")) == (400, [])


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "http://app.localhost.evil.example/",
        "http://app.localhost@evil.example/",
        "http://app.localhost:81/",
        "https://app.localhost/x",
        "http://app.localhost//evil.example",
        "http://app.localhost/\\evil.example",
        "//evil.example/",
        "javascript:alert(1)",
        "/report",
    ],
)
async def test_a_third_party_sends_nobody_to_another_origin(rp: RelyingParty, target: str) -> None:
    landing = await landing_of(rp, await initiated(rp, target))

    assert landing.header("location") == "/"


async def posted(rp: RelyingParty, body: str, *headers: tuple[str, str]) -> Answer:
    """A form on somebody else's page, sent to the same address."""
    return await rp.scene.send(
        body.encode(), ("Origin", "https://other.example"), *headers, target="/.outerward/login"
    )


async def test_a_third_party_begins_a_login_by_a_form_too(rp: RelyingParty) -> None:
    """OpenID Connect Core §4 has it by POST too: it leads to the very address that a link would."""
    asked = {"iss": rp.provider.issuer, "target_link_uri": "http://app.localhost/report", "scope": "x"}
    answer = await posted(rp, urlencode(asked), *BROWSER)
    away = await rp.scene.get(answer.header("location"), headers=BROWSER)

    assert (answer.status, answer.all("set-cookie")) == (303, [])
    assert "scope" not in answer.header("location")
    landing = await landing_of(rp, away)
    assert landing.header("location") == "/report"


@pytest.mark.parametrize(
    "body",
    ["", "redirect_path=/", "iss=https%3A%2F%2Fa.example&iss=https%3A%2F%2Fa.example", "iss=" + "a" * 5000],
    ids=["nothing", "no issuer", "two issuers", "a long one"],
)
async def test_any_other_form_of_a_third_party_begins_nothing(rp: RelyingParty, body: str) -> None:
    answer = await posted(rp, body, *BROWSER)

    assert (answer.status, answer.all("set-cookie")) == (403, [])


async def test_a_script_of_a_third_party_begins_nothing(rp: RelyingParty) -> None:
    body = urlencode({"iss": rp.provider.issuer})
    answer = await posted(rp, body, ("Sec-Fetch-Mode", "cors"), ("Accept", "*/*"))

    assert answer.status == 403
