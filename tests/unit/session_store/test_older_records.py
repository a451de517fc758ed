"""Records across versions: what older ones wrote is read, and what is written now is read by older ones."""

from typing import Any

import msgspec
import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    Endpoint,
    Pins,
    Principal,
    SessionId,
    User,
    UserId,
    decode,
    endpoint_id,
    user_tag,
)
from session_store.records import encode

HASH = CookieHash(b"\x01" * 32)
PERSON = (
    "98a4636f7270b668747470733a2f2f69642e6578616d706c652e636f6da3616461a3616461a3416461"
    "af616461406578616d706c652e636f6dc391a57374616666"
)
TAG = "d92b396c75345830766847596a2d3350534b59316c5a67783477726d50654a58666e4f3831553849376c633149"
TIMES = "cf0000018bcfe56800cf0000018bd50bc400"
BROWSER = f"423198c420{'01' * 32}a86564677573725f31{TAG}03af6170702e6578616d706c652e636f6d{PERSON}{TIMES}"
APPLICATION = (
    f"413199a86564677365735f31c420{'01' * 32}95be65705f4f69327632466f72646d456a32676d4b4b34754a67365465415a44"
    f"b768747470733a2f2f6170702e6578616d706c652e636f6da3617070c0c0a86564677573725f31{TAG}{PERSON}{TIMES}cd0258"
)
USER = f"553196a86564677573725f31{TAG}a4436f7270{PERSON}0102"

ADA = Principal(
    provider="corp",
    issuer="https://id.example.com",
    subject="ada",
    username="ada",
    name="Ada",
    email="ada@example.com",
    email_verified=True,
    groups=("staff",),
)
BROWSER_SESSION = BrowserSession(
    cookie_hash=HASH,
    user_id=UserId("edgusr_1"),
    user_tag=user_tag(ADA.issuer, ADA.subject),
    generation=3,
    scope="app.example.com",
    principal=ADA,
    issued_at=1_700_000_000_000,
    expires_at=1_700_086_400_000,
)
APPLICATION_SESSION = ApplicationSession(
    id=SessionId("edgses_1"),
    cookie_hash=HASH,
    endpoint=Endpoint(id=endpoint_id("app"), public_url="https://app.example.com", tunnel="app"),
    user_id=UserId("edgusr_1"),
    user_tag=user_tag(ADA.issuer, ADA.subject),
    principal=ADA,
    created_at=1_700_000_000_000,
    expires_at=1_700_086_400_000,
    idle_timeout_s=600,
)
ADAS_RECORD = User(
    id=UserId("edgusr_1"),
    tag=user_tag(ADA.issuer, ADA.subject),
    provider_name="Corp",
    principal=ADA,
    created_at=1,
    last_login=2,
)
OLD = {
    "browser session": (BROWSER, BROWSER_SESSION),
    "application session": (APPLICATION, APPLICATION_SESSION),
    "user": (USER, ADAS_RECORD),
}


class OldPrincipal(msgspec.Struct, frozen=True, array_like=True):
    """A person as the first version had one."""

    provider: str
    issuer: str
    subject: str
    username: str
    name: str
    email: str
    email_verified: bool
    groups: tuple[str, ...]


class OldBrowserSession(msgspec.Struct, frozen=True, array_like=True):
    """A browser session as the first version had it."""

    cookie_hash: bytes
    user_id: str
    user_tag: str
    generation: int
    scope: str
    principal: OldPrincipal
    issued_at: int
    expires_at: int


class OldApplicationSession(msgspec.Struct, frozen=True, array_like=True):
    """An application session as the first version had it."""

    id: str
    cookie_hash: bytes
    endpoint: Any
    user_id: str
    user_tag: str
    principal: OldPrincipal
    created_at: int
    expires_at: int
    idle_timeout_s: int


@pytest.mark.parametrize("kind", OLD)
def test_what_an_older_version_wrote_is_read(kind: str) -> None:
    written, record = OLD[kind]
    assert decode(bytes.fromhex(written), type(record)) == record


def test_a_record_of_an_older_version_was_never_refreshed_and_is_held_to_nothing() -> None:
    browser = decode(bytes.fromhex(BROWSER), BrowserSession)
    assert (browser.refreshed_at, browser.access_token, browser.principal.teams) == (0, b"", ())
    session = decode(bytes.fromhex(APPLICATION), ApplicationSession)
    assert (session.refreshed_at, session.access_token, session.pins) == (0, b"", Pins())


@pytest.mark.parametrize(
    ("record", "older"),
    [(BROWSER_SESSION, OldBrowserSession), (APPLICATION_SESSION, OldApplicationSession)],
    ids=["browser session", "application session"],
)
def test_what_is_written_now_is_read_by_an_older_version(
    record: BrowserSession | ApplicationSession, older: type[OldBrowserSession | OldApplicationSession]
) -> None:
    newer = msgspec.structs.replace(
        record,
        refreshed_at=1_700_000_100_000,
        access_token=b"P1 sealed",
        principal=msgspec.structs.replace(ADA, teams=("org/team",)),
    )
    read = msgspec.msgpack.decode(encode(newer)[2:], type=older)
    assert read.principal.groups == ("staff",)
    for name in older.__struct_fields__:
        if name not in {"principal", "endpoint"}:
            assert getattr(read, name) == getattr(record, name)


@pytest.mark.parametrize("record", [BROWSER_SESSION, APPLICATION_SESSION], ids=["browser", "application"])
def test_a_token_is_not_shown_with_its_record(record: BrowserSession | ApplicationSession) -> None:
    holding = msgspec.structs.replace(record, access_token=b"P1 sealed")
    assert "sealed" not in repr(holding)
    assert "access_token" not in repr(holding)
    assert "cookie_hash=" in repr(holding)
    assert "refreshed_at=0" in repr(holding)
