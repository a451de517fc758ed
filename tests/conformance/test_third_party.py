"""The module of oidcc-client-test-3rd-party-init-login-test-plan, and what a third party must not do."""

from urllib.parse import quote, urlencode

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


async def test_a_third_party_begins_no_login_by_a_post(rp: RelyingParty) -> None:
    """OpenID Connect Core §4 allows it by POST too; here every POST comes from a page of ours."""
    answer = await rp.scene.send(
        f"iss={quote(rp.provider.issuer, safe='')}".encode(),
        ("Origin", "https://other.example"),
        *BROWSER,
        target="/.outerward/login",
    )

    assert (answer.status, answer.all("set-cookie")) == (403, [])
