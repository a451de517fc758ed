"""What the documentation says about events: every type has its row, and its receiver of webhooks is right."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outerward.webhooks.signing import key_of, signed_headers
from session_store import EVENT_TYPES

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
SECRETS = ["a secret of the tests, 32 long..", "whsec_" + "QUJD" * 11]
BODY = b'{"type": "login"}'

IsGenuine = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture(scope="module")
def is_genuine() -> IsGenuine:
    """The receiver's check as it is printed."""
    (code,) = re.findall(r"```python\n(import base64.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102
    found: IsGenuine = names["is_genuine"]
    return found


def headers(secret: str, sent_at: float) -> dict[str, str]:
    return signed_headers(key_of(secret), "evt_1_0", int(sent_at), BODY)


@pytest.mark.parametrize("secret", SECRETS, ids=["text", "encoded"])
def test_the_printed_check_takes_what_is_sent(is_genuine: IsGenuine, secret: str) -> None:
    assert is_genuine(secret, headers(secret, time.time()), BODY)


def test_the_printed_check_refuses_what_is_not(is_genuine: IsGenuine) -> None:
    secret, other = SECRETS
    sent = headers(secret, time.time())
    assert not is_genuine(secret, sent, BODY + b" ")
    assert not is_genuine(other, sent, BODY)
    assert not is_genuine(secret, {**sent, "webhook-id": "evt_2_0"}, BODY)
    assert not is_genuine(secret, headers(secret, time.time() - 301), BODY)


def test_every_type_of_event_has_its_row() -> None:
    table = DOCUMENT.partition("| type | when | `details` |")[2].partition("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(EVENT_TYPES)
