"""What is wrong with ``[privacy]`` and ``[[webhook]]`` is said with its line, and quotes no secret."""
# ruff: noqa: E501 - a line of the table is a case

from pathlib import Path

import pytest

from outerward.config import ConfigErrors, load_settings

SECRET = "s" * 32


def errors(folder: Path, text: str) -> list[str]:
    file = folder / "outerward.toml"
    file.write_text(text)
    try:
        load_settings(file, {})
    except ConfigErrors as found:
        return [line.removeprefix(f"{folder}/outerward.toml:") for line in found.lines]
    return []


TABLE = [
    ("privacy.ip = 'hashed'", '1: privacy.ip: must be "full" or "truncated", not "hashed"'),
    ("privacy.ip = true", '1: privacy.ip: must be "full" or "truncated", not a boolean'),
    ("privacy.history = '366d'", "1: privacy.history: must be between 0 and 365d"),
    ("privacy.history = 30", "1: privacy.history: must be a duration such as 500ms, 90s, 15m, 12h or 30d"),
    ("privacy.ended = '8761h'", "1: privacy.ended: must be between 0 and 365d"),
    ("privacy.endet = '1d'", "1: privacy.endet: unknown key (did you mean ended?)"),
    ("privacy = 'full'", "1: privacy: must be a table [privacy], not a string"),
    ("webhook = 'https://a.example.com'", "1: webhook: must be written as [[webhook]]"),
    ("webhook = ['https://a.example.com']", "1: webhook[#1]: must be a table, not a string"),
    (f"webhook = [{{ secret = '{SECRET}' }}]", "1: webhook[#1].url: is required"),
    ("webhook = [{ url = 'https://a.example.com' }]", "1: webhook[#1].secret: is required"),
    (
        f"webhook = [{{ url = 'https://a.example.com', secret = '{SECRET[1:]}' }}]",
        "1: webhook[#1].secret: must have at least 32 characters",
    ),
    (
        "webhook = [{ url = 'https://a.example.com', secret = 'whsec_hunter2!' }]",
        "1: webhook[#1].secret: what follows whsec_ is not base64",
    ),
    (
        "webhook = [{ url = 'https://a.example.com', secret = 'env:NOPE' }]",
        "1: webhook[#1].secret: the environment variable NOPE is not set",
    ),
    (
        f"webhook = [{{ url = 'http://a.example.com', secret = '{SECRET}' }}]",
        "1: webhook[#1].url: it is not https (http needs allow_private_network, for its own host only)",
    ),
    (
        f"webhook = [{{ url = 'https://127.0.0.1', secret = '{SECRET}' }}]",
        "1: webhook[#1].url: it names a private address (allow_private_network covers its own host only)",
    ),
    (
        f"webhook = [{{ url = 'https://a.example.com', secret = '{SECRET}', events = [] }}]",
        '1: webhook[#1].events: names no event; "*" is all of them',
    ),
    (
        f"webhook = [{{ url = 'https://a.example.com', secret = '{SECRET}', event = [] }}]",
        "1: webhook[#1].event: unknown key (did you mean events?)",
    ),
]


@pytest.mark.parametrize(("text", "said"), TABLE, ids=[str(number) for number in range(len(TABLE))])
def test_what_is_wrong_is_said_once_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert errors(tmp_path, text) == [said]


@pytest.mark.parametrize(
    "text",
    [
        "privacy = { ip = 'truncated', history = '0', ended = '365d' }",
        f"webhook = [{{ url = 'http://127.0.0.1:8080/x', secret = '{SECRET}', allow_private_network = true }}]",
        f"webhook = [{{ url = 'https://a.example.com', secret = 'whsec_{'A' * 32}', events = 'login' }}]",
    ],
    ids=["privacy", "private network", "encoded secret"],
)
def test_what_is_right_is_taken(tmp_path: Path, text: str) -> None:
    assert errors(tmp_path, text) == []


def test_each_webhook_has_its_own_lines_and_all_that_is_wrong_is_said(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        f"""
[[webhook]]
url = "https://a.example.com/hunter2?token=hunter2"
secret = "{SECRET}"
[[webhook]]
url = "https://user:hunter2@a.example.com"
secret = "hunter2"
events = ["login", "logins"]
""",
    )

    assert [line.partition(": ")[0] for line in found] == ["6", "7", "8"]
    assert [line.split(": ")[1] for line in found] == [
        f"webhook[#2].{key}" for key in ("url", "secret", "events")
    ]
    assert "hunter2" not in "".join(found)
    assert '"logins"' in found[2]
