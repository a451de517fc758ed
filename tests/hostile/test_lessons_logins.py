"""Lessons about logins that no row of the hostile cases has, and the page that says where each is tested."""

import re
from pathlib import Path

from idp_adapters.oidc.session import read_memory
from session_store import Store
from tests.support.admin_api import running_api
from tests.support.edge import hash_of
from tests.support.redis_server import RedisServer
from tests.support.refreshing import NAVIGATION, OPEN, World, refreshing

ROOT = Path(__file__).parents[2]
PAGE = (Path(__file__).parent / "lessons.md").read_text()
LESSONS = {*range(1, 70)} - {54}
"""The numbers of the lessons; there is no 54."""

PAGES = (
    *("/.outerward/login", "/.outerward/logout", "/.outerward/signed-out", "/.outerward/sessions"),
    *(
        "/.outerward/jwks.json",
        "/.outerward/auth",
        "/.outerward/x",
        "/.outerward/callback/corp?state=x&code=y",
    ),
    *("/.outerward/frontchannel-logout/corp?iss=x&sid=y", "/nowhere", "/ops", "/open"),
)
RESOURCES = ("/app/users", "/app/sessions", "/tokens", "/openapi.yaml", "/healthz", "/readyz")


async def secrets_of(world: World, cookie: str) -> list[str]:
    memory = read_memory(await world.store.session_memory(hash_of(cookie)) or b"")
    assert memory is not None
    assert memory.access_token
    assert memory.refresh_token
    return [cookie, memory.access_token, memory.refresh_token, memory.nonce, *memory.id_token.split(".")[1:]]


async def test_lesson_14_no_page_and_no_resource_tells_a_token_before_or_after_a_refresh(
    store_url: str, store: Store
) -> None:
    async with refreshing(store_url) as world, running_api(store) as api:
        cookie = await world.enter(OPEN)
        secrets = await secrets_of(world, cookie)
        world.pass_interval()
        assert (await world.ask(cookie, OPEN)).status == 200
        secrets += await secrets_of(world, cookie)
        said = [
            str(vars(await world.ask(cookie, page, headers=headers)))
            for page in PAGES
            for headers in (NAVIGATION, ())
        ]
        said += [(await api.call("GET", resource)).body.decode() for resource in RESOURCES]
        for kind in ("users", "sessions"):
            shown = (await api.call("GET", f"/app/{kind}")).json[f"application_{kind}"]
            assert shown
            said += [(await api.call("GET", f"/app/{kind}/{one['id']}")).body.decode() for one in shown]

    assert {"an-access-token", "an-access-token-1", "refresh-0.0", "refresh-0.1"} <= set(secrets)
    told = "".join(said)
    assert [secret for secret in secrets if len(secret) > 8 and secret in told] == []


async def test_lesson_14_the_store_has_no_token_that_its_readers_could_use(store_url: str) -> None:
    """What is kept to ask a provider with is sealed: a copy of the store's data is worth no token."""
    async with refreshing(store_url) as world:
        cookie = await world.enter()
        world.pass_interval()
        assert (await world.ask(cookie)).status == 200
        secrets = await secrets_of(world, cookie)
        client = RedisServer.looking_at(store_url)
        kept = b""
        for key in client.scan_iter(count=1000):
            if client.type(key) == b"string":
                kept += client.get(key) or b""
        client.close()

    assert b"ada@example.com" in kept
    assert [secret for secret in secrets if secret.encode() in kept] == []


def test_every_lesson_is_on_the_page_once() -> None:
    table = PAGE.partition("| thread |")[0]
    rows = re.findall(r"^\| ([0-9, ]+) \| ", table, re.MULTILINE)
    listed = [int(number) for row in rows for number in row.split(", ")]

    assert sorted(listed) == sorted(LESSONS)


def test_every_file_that_the_page_names_is_there() -> None:
    """By its path, or by its name alone where the folder is that of the file named before."""
    named = re.findall(r"`([a-z_/]+\.py)`", PAGE)
    known = {path.name for path in (ROOT / "tests").rglob("test_*.py")}

    assert len(named) > 60
    assert [name for name in named if not ((ROOT / name).is_file() or name in known)] == []
