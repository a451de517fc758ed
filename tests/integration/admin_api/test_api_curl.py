"""The three commands of the product page, by curl: list, get, delete under ``/app/users``."""

import asyncio
import json
from typing import Any

import pytest

from session_store import Store
from tests.support.admin_api import BOOTSTRAP, RunningApi, session_of


async def curl(*arguments: str) -> tuple[int, Any]:
    """Status and JSON of a curl command."""
    process = await asyncio.create_subprocess_exec(
        *["curl", "--silent", "--noproxy", "*", "--write-out", "\n%{http_code}"],
        *["--header", f"Authorization: Bearer {BOOTSTRAP}", "--header", "Ngrok-Version: 2", *arguments],
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    body, status = output.decode().rsplit("\n", 1)
    return int(status), json.loads(body) if body else None


@pytest.mark.parametrize("kind", ["user", "session"])
async def test_list_get_and_delete_with_either_id(api: RunningApi, store: Store, kind: str) -> None:
    session = await session_of(store)
    target = session.user_id if kind == "user" else session.id
    status, listed = await curl("--request", "GET", f"{api.url}/app/users")
    assert status == 200
    assert [user["id"] for user in listed["application_users"]] == [session.user_id]
    status, shown = await curl("--request", "GET", f"{api.url}/app/users/{target}")
    assert (status, shown["id"]) == (200, target)
    assert await curl("--request", "DELETE", f"{api.url}/app/users/{target}") == (204, None)
    status, refused = await curl("--request", "GET", f"{api.url}/app/users/{target}")
    assert (status, refused["error_code"]) == (404, "ERR_OUTERWARD_3012")
    assert await store.session(session.id) is None
    assert (await store.user(session.user_id) is None) is (kind == "user")
