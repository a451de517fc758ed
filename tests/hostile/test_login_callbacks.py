"""OIDC rows at the callback, against a provider that lies: no session, no code sent, nothing shown."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pytest
from structlog.testing import capture_logs

from idp_adapters import OidcProvider
from session_store import Store
from tests.support.control import Browser, Control, Reply, route, serving
from tests.support.hostile_oidc import MISSING, HostileProvider, change

CALLBACK = "/.outerward/callback/corp"
Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class Scene:
    """A control app whose provider is hostile, and one browser."""

    store: Store
    provider: HostileProvider
    control: Control
    visitor: Browser

    async def asked(self, return_path: str = "/report") -> Parameters:
        """Begin a login; what the provider sends the browser back with."""
        begun = await self.visitor.get(f"/.outerward/login?redirect_path={return_path}")
        assert begun.status == 302, begun.text
        return self.provider.authorize(begun.location)

    async def back(self, parameters: Parameters, visitor: Browser | None = None) -> Reply:
        """Come back with ``parameters``."""
        return await (visitor or self.visitor).get(f"{CALLBACK}?{urlencode(parameters)}")

    async def users(self) -> int:
        """How many users the store has."""
        return len((await self.store.users(limit=10, before=None)).items)


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    async with HostileProvider.running() as hostile:
        provider = OidcProvider("corp", hostile.settings())
        async with serving([route("app.example.com")], store, [provider]) as control:
            yield Scene(store, hostile, control, control.browser("app.example.com"))
        await provider.close()


async def assert_refused(scene: Scene, reply: Reply) -> None:
    assert 400 <= reply.status < 500
    assert reply.code.startswith("OUT-2")
    assert scene.visitor.session is None
    assert await scene.users() == 0


async def test_an_honest_answer_signs_in(scene: Scene) -> None:
    assert (await scene.back(await scene.asked())).location == "/report"
    assert await scene.users() == 1


def without(name: str) -> Callable[[Parameters], Parameters]:
    return lambda parameters: [(n, v) for n, v in parameters if n != name]


@pytest.mark.parametrize("edit", [without("state"), lambda p: [*without("state")(p), ("state", "")]])
async def test_oidc_01_a_callback_without_state_is_refused_and_no_code_is_sent(
    scene: Scene, edit: Callable[[Parameters], Parameters]
) -> None:
    await assert_refused(scene, await scene.back(edit(await scene.asked())))
    assert scene.provider.codes_sent == []


async def test_oidc_02_the_state_of_another_browser_is_refused_and_still_good_where_it_was_begun(
    scene: Scene,
) -> None:
    attackers = await scene.asked()
    victim = scene.control.browser("app.example.com", "192.0.2.9")

    await assert_refused(scene, await scene.back(attackers, victim))
    assert victim.cookies == {}
    await victim.get("/.outerward/login")
    await assert_refused(scene, await scene.back(attackers, victim))
    assert scene.provider.codes_sent == []
    assert (await scene.back(attackers)).location == "/report"


async def test_oidc_02_a_login_cookie_of_the_right_name_and_a_wrong_value_is_refused(scene: Scene) -> None:
    asked = await scene.asked()
    (name,) = scene.visitor.logins
    scene.visitor.cookies[name] = "w" * 43

    await assert_refused(scene, await scene.back(asked))
    assert scene.provider.codes_sent == []


async def test_oidc_03_the_back_button_after_success_is_a_friendly_page_and_no_second_token_call(
    scene: Scene,
) -> None:
    asked = await scene.asked()
    await scene.back(asked)
    session = scene.visitor.session
    again = await scene.back(asked)

    assert (again.status, again.code) == (400, "OUT-2012")
    assert again.link("Go on") == "/"
    assert scene.visitor.session == session
    assert len(scene.provider.codes_sent) == 1


async def test_oidc_03_a_used_state_with_its_old_cookie_put_back_is_refused(scene: Scene) -> None:
    asked = await scene.asked()
    kept = dict(scene.visitor.cookies)
    await scene.back(asked)
    scene.visitor.cookies = kept
    again = await scene.back(asked)

    assert (again.status, again.code) == (400, "OUT-2011")
    assert again.link("Sign in") == "/.outerward/login?redirect_path=/"
    assert len(scene.provider.codes_sent) == 1


async def test_oidc_04_two_tabs_sign_in_in_either_order(scene: Scene) -> None:
    one, two = await scene.asked("/one"), await scene.asked("/two")

    assert (await scene.back(two)).location == "/two"
    assert (await scene.back(one)).location == "/one"


@pytest.mark.parametrize("nonce", [MISSING, "", "another", None, 1])
async def test_oidc_05_a_wrong_nonce_is_refused(scene: Scene, nonce: object) -> None:
    scene.provider.lies.claims = change(nonce=nonce)

    await assert_refused(scene, await scene.back(await scene.asked()))


@pytest.mark.parametrize(
    "issuer", [None, "", "https://other.example", "{issuer}/", "{issuer}/.well-known", "HTTP://127.0.0.1"]
)
async def test_oidc_18_without_the_providers_own_iss_the_code_is_sent_nowhere(
    scene: Scene, issuer: str | None
) -> None:
    kept = without("iss")(await scene.asked())
    named = [] if issuer is None else [("iss", issuer.format(issuer=scene.provider.issuer))]

    await assert_refused(scene, await scene.back([*kept, *named]))
    assert scene.provider.codes_sent == []


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
async def test_lesson_39_a_doubled_parameter_is_400_and_the_code_is_sent_nowhere(
    scene: Scene, name: str
) -> None:
    asked = await scene.asked()
    value = dict(asked).get(name, "access_denied")
    reply = await scene.back([*asked, (name, value), (name, value)])

    assert reply.status == 400
    await assert_refused(scene, reply)
    assert scene.provider.codes_sent == []
    assert (await scene.back(asked)).location == "/report"


@pytest.mark.parametrize(
    "error", ["<script>alert(1)</script>", "access_denied", "server_error", "x" * 6000, "\r\nX: y"]
)
@pytest.mark.parametrize("description", ["<img src=x onerror=alert(1)>", "y" * 100_000, "\x1b[31m\n{}"])
async def test_oidc_24_an_errors_text_reaches_neither_page_nor_log_whole(
    scene: Scene, error: str, description: str
) -> None:
    asked = without("code")(await scene.asked())
    fitting = description[: 7000 - len(quote(error))]
    with capture_logs() as logs:
        reply = await scene.back([*asked, ("error", error), ("error_description", fitting)])

    assert reply.status == 403
    await assert_refused(scene, reply)
    assert "<script" not in reply.text
    assert "<img" not in reply.text
    assert len(reply.text) < 10_000
    (entry,) = [line for line in logs if line["event"] == "login_failed"]
    assert len(entry["detail"]) <= 200
    assert not set(entry["detail"]) & set("\r\n\x1b")


@pytest.mark.parametrize(
    "extra",
    [
        [("id_token", "e30.e30.")],
        [("access_token", "t"), ("token_type", "Bearer")],
        [("response", "e30.e30.x")],
    ],
)
async def test_oidc_25_tokens_in_the_front_channel_are_not_looked_at(scene: Scene, extra: Parameters) -> None:
    asked = await scene.asked()

    await assert_refused(scene, await scene.back(without("code")(asked) + extra))
    assert scene.provider.codes_sent == []
    assert (await scene.back(await scene.asked() + extra)).location == "/report"


async def test_ident_12_nothing_of_a_request_gets_into_the_redirect_uri(scene: Scene) -> None:
    reply = await scene.visitor.get(
        "/.outerward/login?redirect_uri=https://evil.example&client_id=evil&scope=all",
        host="evil.example",
        x_forwarded_proto="http",
        x_forwarded_host="evil.example",
        x_forwarded_port="81",
        forwarded="host=evil.example;proto=http",
        x_original_url="https://evil.example/",
    )

    assert "evil" not in reply.location
    assert reply.parameters["redirect_uri"] == "https://app.example.com/.outerward/callback/corp"
    assert reply.parameters["client_id"] == scene.provider.client_id


async def test_log_02_no_secret_of_a_login_is_in_any_log_or_page_at_any_level(
    scene: Scene, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        asked = await scene.asked()
        login = dict(scene.visitor.cookies)
        landing = await scene.back(asked)
        again = await scene.back(asked)
        session = scene.visitor.session or ""
        failed = await scene.back(without("iss")(second := await scene.asked()))
        secrets = [session, *login.values(), *scene.visitor.cookies.values()]
    secrets += [value for name, value in asked + second if name in {"state", "code"}]
    said = "".join([caplog.text, str(logs), *capfd.readouterr()])
    pages = landing.text + again.text + failed.text

    assert len(secrets) >= 7
    assert [secret for secret in secrets if secret in said or secret in pages] == []
