"""A browser with nothing in it, and a demo for it to visit, which the tests of a file share."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.program import Program, request


@dataclass(frozen=True)
class Demo:
    """A demo that runs, and what it told when it was ready."""

    program: Program
    tunnels: dict[str, str]
    issuers: dict[str, str]
    admin: str
    admin_token: str
    earlier: frozenset[str] = frozenset()

    def now(self) -> "Demo":
        """The same demo, in which whoever was there until now has no sessions of its own."""
        return replace(self, earlier=self.earlier | {each["id"] for each in self._own()})

    def own_sessions(self) -> dict[str, dict[str, Any]]:
        """The sessions that began on this machine, by public URL: none of those that were there before."""
        return {each["public_url"]: each for each in self._own()}

    def _own(self) -> list[dict[str, Any]]:
        listed = json.loads(self.program.ask_admin("/app/sessions", self.admin_token).body)
        return [
            each
            for each in listed["application_sessions"]
            if each["browser_session"]["ip_address"] == "127.0.0.1" and each["id"] not in self.earlier
        ]

    def revoke(self, session_id: object) -> int:
        """End a session by the admin API; the status of its answer."""
        credentials = {"Authorization": f"Bearer {self.admin_token}"}
        return request(self.admin, f"/app/sessions/{session_id}", credentials, "DELETE").status


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that told that it is ready."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DISPLAY", raising=False)
        program = Program(folder, "demo", "--json", "--no-browser", "--ready-file", str(folder / "ready"))
    try:
        program.ready()
        assert program.process.stdout is not None
        told = json.loads(program.process.stdout.readline())
        yield Demo(
            program,
            {tunnel["name"]: tunnel["url"] for tunnel in told["tunnels"]},
            {provider["type"]: provider["issuer"] for provider in told["providers"]},
            told["admin"],
            told["admin_token"],
        )
    finally:
        program.stop()


@pytest.fixture
def demo(running_demo: Demo) -> Demo:
    """The file's demo, as it is before a test."""
    return running_demo.now()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """One browser, with nothing in it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()
