"""ADMIN-06: parameters of lists that are out of bounds or garbage."""

import pytest

from session_store import IdSource, Store
from tests.support.admin_api import AUTHORIZED, raw, running_api

LISTS = ["/app/users", "/app/sessions", "/app/blocks", "/tokens"]
IDS = {
    "/app/users": IdSource(lambda: 1_790_000_000, bytes).user(),
    "/app/sessions": IdSource(lambda: 1_790_000_000, bytes).session(),
    "/app/blocks": IdSource(lambda: 1_790_000_000, bytes).user(),
    "/tokens": IdSource(lambda: 1_790_000_000, bytes).token(),
}
LIMITS = [
    *[
        "1e9",
        "-1",
        "0",
        "x",
        "",
        "101",
        "1000",
        "99999999999999999999",
        "9" * 4000,
        "1.5",
        "1,5",
        "+5",
        "%2b5",
        "0x10",
    ],
    *[
        "05",
        "%205",
        "5%20",
        "5%00",
        "%00",
        "5%0d%0aSet-Cookie:%20a=b",
        "NaN",
        "Infinity",
        "true",
        "null",
        "[]",
        "[1]",
    ],
    *[
        "%d9%a3",
        "%ef%bc%91",
        "%c2%b2",
        "1_0",
        "%ff",
        "%c0%ae",
        "%zz",
        "%",
        "1;2",
        "1'--",
        "${jndi:ldap://a}",
        "*",
    ],
]
POSITIONS = [
    "garbage",
    "",
    "0",
    "%00",
    "%ff",
    "edgusr_",
    "edgses_",
    "owtok_",
    "*",
    "../x",
    "..%2fx",
    "%24%28id%29",
]


@pytest.mark.parametrize("path", LISTS)
async def test_admin_06_a_limit_out_of_bounds_is_400(store: Store, path: str) -> None:
    async with running_api(store) as api:
        for limit in LIMITS:
            answer = await api.get(f"{path}?limit={limit}")
            assert (answer.status, answer.code) == (400, 3021), limit


@pytest.mark.parametrize("path", LISTS)
async def test_admin_06_a_position_that_is_garbage_or_of_another_kind_is_400(store: Store, path: str) -> None:
    right = IDS[path]
    wrong = [right[:-1], right + "0", right.swapcase(), right + "%00", "%20" + right, right[:7] + "z" * 27]
    others = {identifier for identifier in IDS.values() if identifier != right}
    async with running_api(store) as api:
        for position in [*POSITIONS, *wrong, *others]:
            answer = await api.get(f"{path}?before_id={position}")
            assert (answer.status, answer.code) == (400, 3022), position
        assert (await api.get(f"{path}?before_id={right}")).status == 200


@pytest.mark.parametrize("path", LISTS)
async def test_admin_06_raw_bytes_in_a_query_are_4xx(store: Store, path: str) -> None:
    async with running_api(store) as api:
        for query in (
            b"limit=\xff",
            b"\xff=1",
            b"limit=5&\xc3\xa9",
            b"before_id=\xf0\x9f\x98\x80",
            b"limit=\x7f",
        ):
            request = b"GET " + path.encode() + b"?" + query + b" HTTP/1.1\r\n" + AUTHORIZED + b"\r\n"
            assert (await raw(api, request)).status == 400, query
