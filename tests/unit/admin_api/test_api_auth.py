"""Bearer tokens, scopes, and the limit on failures."""

import asyncio
import hmac
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.auth import Authenticator, Caller, Limit, Scope
from admin_api.problems import Code, Problem
from session_store import ApiToken, Store

BOOTSTRAP = "a-bootstrap-token-of-32-characters!"
STORED = "owt_" + "s" * 43


class OneToken:
    """A store that knows one token."""

    def __init__(self, scope: str = "read") -> None:
        self.asked: list[str] = []
        self._token = ApiToken(id="owtok_1", name="n", scope=scope, created_at=0)

    async def token_by_secret(self, secret: str) -> ApiToken | None:
        self.asked.append(secret)
        return self._token if secret == STORED else None


def authenticator(store: object | None = None, bootstrap: str | None = BOOTSTRAP) -> Authenticator:
    return Authenticator(cast("Store", store or OneToken()), bootstrap, Limit(lambda: 0.0))


async def refusal(*lines: str, using: Authenticator | None = None) -> Code:
    with pytest.raises(Problem) as caught:
        await (using or authenticator()).caller(lines, "192.0.2.1")
    return caught.value.code


def test_scopes_contain_each_other() -> None:
    covered = {scope: [needed for needed in Scope if scope.covers(needed)] for scope in Scope}
    assert covered == {
        Scope.READ: [Scope.READ],
        Scope.REVOKE: [Scope.READ, Scope.REVOKE],
        Scope.ADMIN: [Scope.READ, Scope.REVOKE, Scope.ADMIN],
    }


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_stored_token_names_its_caller(scheme: str) -> None:
    assert await authenticator().caller([f"{scheme} {STORED}"], "") == Caller("token:owtok_1", Scope.READ)


async def test_the_bootstrap_token_is_an_admin_and_needs_no_store() -> None:
    store = OneToken()
    caller = await authenticator(store).caller([f"Bearer {BOOTSTRAP}"], "")
    assert caller == Caller("bootstrap", Scope.ADMIN)
    assert store.asked == []


async def test_without_a_bootstrap_token_nothing_stands_for_it() -> None:
    for credentials in ("Bearer None", "Bearer ", f"Bearer {BOOTSTRAP}"):
        assert await refusal(credentials, using=authenticator(bootstrap=None)) is Code.BAD_CREDENTIALS


async def test_the_bootstrap_token_is_compared_in_constant_time_over_digests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lengths = []
    original = hmac.compare_digest

    def watched(a: bytes, b: bytes) -> bool:
        lengths.append((len(a), len(b)))
        return original(a, b)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for secret in ("x", BOOTSTRAP[:-1], BOOTSTRAP + "x"):
        assert await refusal(f"Bearer {secret}") is Code.BAD_CREDENTIALS
    assert lengths == [(32, 32)] * 3


@pytest.mark.parametrize(
    "line",
    [
        *[
            "",
            "Bearer",
            "Bearer ",
            f"Basic {BOOTSTRAP}",
            BOOTSTRAP,
            f"Bearer{BOOTSTRAP}",
            f"Bearer\t{BOOTSTRAP}",
        ],
        *[f"Bearer {BOOTSTRAP} ", f"Bearer {BOOTSTRAP} x", f"Bearer {BOOTSTRAP[:9]} {BOOTSTRAP[9:]}"],
        *[
            f"Bearer {BOOTSTRAP},",
            f"Bearer {BOOTSTRAP}\n",
            f"Bearer {BOOTSTRAP}\u0000",
            "Bearer \udcff\udcff",
        ],
        *[
            f"Bearer {BOOTSTRAP.upper()}",
            f'Bearer "{BOOTSTRAP}"',
            f"Token {BOOTSTRAP}",
            f"Bearer: {BOOTSTRAP}",
        ],
    ],
)
async def test_anything_else_is_no_token(line: str) -> None:
    assert await refusal(line) is Code.BAD_CREDENTIALS


async def test_two_lines_are_no_credentials_even_when_both_are_right() -> None:
    assert await refusal(f"Bearer {BOOTSTRAP}", f"Bearer {BOOTSTRAP}") is Code.BAD_CREDENTIALS


@given(st.text() | st.text().map("Bearer {}".format))
def test_no_line_breaks_the_reader(line: str) -> None:
    assert asyncio.run(refusal(line)) is Code.BAD_CREDENTIALS


async def test_a_token_of_an_unknown_scope_may_nothing() -> None:
    unknown = authenticator(OneToken(scope="root"))
    assert await refusal(f"Bearer {STORED}", using=unknown) is Code.BAD_CREDENTIALS


def test_ten_failures_a_second_and_address_are_let_by() -> None:
    now = 100.0
    limit = Limit(lambda: now)
    assert [limit.exceeded_by("a") for _ in range(12)] == [False] * 10 + [True] * 2
    assert not limit.exceeded_by("b")
    now = 101.0
    assert not limit.exceeded_by("a")


def test_the_limit_forgets_the_addresses_of_past_seconds() -> None:
    now = 0.0
    limit = Limit(lambda: now)
    for address in range(1000):
        limit.exceeded_by(str(address))
    now = 1.0
    limit.exceeded_by("a")
    assert list(limit._counts) == ["a"]


def test_a_limit_may_hold_for_longer_than_a_second() -> None:
    now = 60.0
    limit = Limit(lambda: now, most=2, within_s=60)
    assert [limit.exceeded_by("a") for _ in range(3)] == [False, False, True]
    now = 119.0
    assert limit.exceeded_by("a")
    now = 120.0
    assert not limit.exceeded_by("a")


async def test_no_credentials_are_no_attempt() -> None:
    using = authenticator()
    for _ in range(20):
        assert await refusal(using=using) is Code.NO_CREDENTIALS
    assert await refusal("Bearer wrong", using=using) is Code.BAD_CREDENTIALS


async def test_a_valid_token_is_not_limited_by_others_failures() -> None:
    using = authenticator()
    codes = [await refusal("Bearer wrong", using=using) for _ in range(12)]
    assert codes == [Code.BAD_CREDENTIALS] * 10 + [Code.TOO_MANY_FAILURES] * 2
    for _ in range(20):
        assert (await using.caller([f"Bearer {BOOTSTRAP}"], "192.0.2.1")).scope is Scope.ADMIN
