"""ngrok's own client, unmodified, against the compatible resources."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import ngrok
import pytest
from ngrok.error import Error, NotFoundError

from session_store import Store
from tests.support.admin_api import BOOTSTRAP, NOTES, RunningApi, session_of, sign_in, visit

T = TypeVar("T")
USER_PROPERTIES = ["id", "uri", "provider_user_id", "username", "email", "name"]
SESSION_PROPERTIES = ["id", "uri", "public_url"]
TIMES = ["created_at", "last_active"]
AGENT_PROPERTIES = ["raw", "browser_name", "browser_version", "device_type", "os_name", "os_version"]


async def using(api: RunningApi, act: Callable[[Any], T], token: str = BOOTSTRAP) -> T:
    """``act`` with a client; it blocks, so it runs beside the loop that serves it."""
    return await asyncio.to_thread(act, ngrok.Client(token, base_url=api.url))


async def test_it_iterates_over_several_pages_of_both_lists(api: RunningApi, store: Store) -> None:
    made = [await session_of(store, f"visitor{n}") for n in range(7)]
    users = await using(api, lambda c: [user.id for user in c.application_users.list(limit="3")])
    sessions = await using(api, lambda c: [row.id for row in c.application_sessions.list(limit="3")])
    assert users == [session.user_id for session in reversed(made)]
    assert sessions == [session.id for session in reversed(made)]


async def test_it_starts_at_a_position(api: RunningApi, store: Store) -> None:
    made = [await session_of(store, f"visitor{n}") for n in range(3)]
    page = await using(api, lambda c: c.application_sessions.list(before_id=made[1].id))
    assert [row.id for row in page.application_sessions] == [made[0].id]
    assert page.uri == f"{api.url}/app/sessions"
    assert page.next_page_uri is None


async def test_it_reads_every_property_of_a_user(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    user = await using(api, lambda c: c.application_users.get(session.user_id))
    for name in [*USER_PROPERTIES, *TIMES, "last_login"]:
        assert isinstance(getattr(user, name), str)
    assert (user.identity_provider.name, user.identity_provider.url) == (
        "Example Corp",
        "https://id.example.com",
    )
    assert user.provider_user_id == "ada"


async def test_it_reads_every_property_of_a_session(api: RunningApi, store: Store) -> None:
    made = await session_of(store, endpoint=NOTES)
    session = await using(api, lambda c: c.application_sessions.get(made.id))
    for name in [*SESSION_PROPERTIES, *TIMES, "expires_at"]:
        assert isinstance(getattr(session, name), str)
    for name in AGENT_PROPERTIES:
        assert isinstance(getattr(session.browser_session.user_agent, name), str)
    assert session.browser_session.ip_address == "192.0.2.7"
    assert session.browser_session.location is None
    for name in ("application_user", "endpoint", "edge", "route"):
        ref = getattr(session, name)
        assert isinstance(ref.id, str)
        assert ref.uri.endswith(ref.id)


async def test_it_deletes_both_kinds(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    wiki, notes = await visit(store, browser), await visit(store, browser, NOTES)
    await using(api, lambda c: c.application_sessions.delete(wiki.id))
    assert await store.session(wiki.id) is None
    assert await store.session(notes.id) is not None
    await using(api, lambda c: c.application_users.get(notes.user_id).delete())
    assert await store.session(notes.id) is None
    assert await store.user(notes.user_id) is None


async def test_what_is_gone_raises_its_not_found(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await using(api, lambda c: c.application_users.delete(session.user_id))
    for act in (
        lambda c: c.application_users.get(session.user_id),
        lambda c: c.application_users.delete(session.user_id),
        lambda c: c.application_sessions.get(session.id),
        lambda c: c.application_sessions.delete("garbage"),
    ):
        with pytest.raises(NotFoundError) as caught:
            await using(api, act)
        assert caught.value.http_status_code == 404
        assert caught.value.operation_id.startswith("op_")


async def test_other_refusals_raise_its_error(api: RunningApi) -> None:
    for token, act, status in (
        ("wrong", lambda c: c.application_users.list(), 401),
        (BOOTSTRAP, lambda c: c.application_users.list(limit="1000"), 400),
    ):
        with pytest.raises(Error) as caught:
            await using(api, act, token)
        assert type(caught.value) is Error
        assert caught.value.http_status_code == status
        assert caught.value.error_code.startswith("ERR_OUTERWARD_")
