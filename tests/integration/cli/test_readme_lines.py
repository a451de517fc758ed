"""The README's lines to protect an application of one's own, as they stand there, with the test's names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oidc_provider import OidcServer, RegisteredClient, browser, sign_in
from tests.support.program import Program, lasting_port, upstream

README = (Path(__file__).parents[3] / "README.md").read_text()
SECTION = README.split("## Protect your own app")[1].split("\n## ")[0]
LINES: str = re.findall(r"```toml\n(.+?)```", SECTION, re.DOTALL)[0]
HOST = "grafana.localhost"


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the program serves the README's configuration to a real provider's people."""
    folder, port = tmp_path_factory.mktemp("readme"), lasting_port()
    origin = f"http://{HOST}:{port}"
    callback = re.findall(r"`https://grafana\.example\.com(/\S+)`", SECTION)[0]
    client = RegisteredClient("outerward", "a secret", (origin + callback,))
    users = {"ada": {"email": "ada@example.com", "email_verified": True}}
    with (
        OidcServer(users=users, clients=[client]) as provider,
        upstream() as behind,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CORP_SECRET", "a secret")
        (folder / "outerward.toml").write_text(_renamed(provider.issuer, behind.port))
        listeners = ("--listen", f"127.0.0.1:{port}", "--admin-listen", "127.0.0.1:0")
        program = Program.serve(folder / "outerward.toml", *listeners)
        try:
            program.ready()
            yield origin
        finally:
            program.stop()


def _renamed(issuer: str, upstream_port: int) -> str:
    """The README's lines with the test's provider, host and application in place of those of the text."""
    changes = {
        'issuer = "https://id.example.com"': f'issuer = "{issuer}"\nallow_private_network = true',
        '"grafana.example.com"': f'"{HOST}"',
        '"http://127.0.0.1:3000"': f'"http://127.0.0.1:{upstream_port}"',
    }
    text = LINES
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


async def test_the_lines_of_the_readme_protect_an_application(origin: str) -> None:
    async with browser() as client:
        refused = await client.get(f"{origin}/", headers={"Accept": "*/*", "Sec-Fetch-Mode": "cors"})
        landing = await sign_in(client, f"{origin}/dashboards", "ada")

    assert refused.status == 401
    assert (landing.url, landing.status, landing.text) == (f"{origin}/dashboards", 200, "hello")
