"""Pages and JSON of our own: total, escaped, self-contained, and readable."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import problems
from proxy.addresses import login_path, logout_path, sign_in, sign_in_again, switch_account
from proxy.pages import PAGE_HEADERS, problem_json, problem_page
from proxy.problems import LOGIN_REQUIRED, NOT_ALLOWED, Link, Problem

ALL = {name: value for name, value in vars(problems).items() if isinstance(value, Problem)}
STYLE = (Path(problems.__file__).parents[1] / "templates" / "page.css").read_text()


@pytest.mark.parametrize("problem", ALL.values(), ids=ALL)
def test_every_page_says_what_is_the_matter_what_to_do_the_code_and_the_request(problem: Problem) -> None:
    page = problem_page(problem, request_id="req_1", hostname="app.example.com").decode()

    assert '<html lang="en">' in page
    for words in (problem.title, problem.sentence, problem.advice, f"OUT-{problem.number}", "req_1"):
        assert words.replace("'", "&#39;") in page
    assert "app.example.com" in page
    assert page.rstrip().endswith("</html>")


def test_no_two_problems_share_a_number_and_each_is_of_its_family() -> None:
    numbers = [problem.number for problem in ALL.values()]

    assert len(set(numbers)) == len(numbers)
    assert {number // 1000 for number in numbers} == {1, 2, 4}
    assert all(
        problem.advice.endswith(".") and problem.sentence.endswith((".", "?")) for problem in ALL.values()
    )


HOSTILE = "</title></style></pre><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


def test_lesson_43_hostile_text_is_escaped_wherever_it_stands() -> None:
    link = Link(HOSTILE, f"/{HOSTILE}", post=True)
    page = problem_page(
        NOT_ALLOWED,
        request_id=HOSTILE,
        account=HOSTILE,
        hostname=HOSTILE,
        links=[link, Link(HOSTILE, HOSTILE)],
    ).decode()

    assert "<script" not in page
    assert "<img" not in page
    assert page.count("</style>") == page.count("</title>") == 1
    assert page.count("&lt;script&gt;") >= 6


@given(st.text(), st.text(), st.text())
def test_no_text_raises_and_every_page_is_utf_8(request_id: str, account: str, hostname: str) -> None:
    page = problem_page(NOT_ALLOWED, request_id=request_id, account=account, hostname=hostname)

    assert page.decode().rstrip().endswith("</html>")
    assert json.loads(problem_json(NOT_ALLOWED, request_id=request_id, reason="not_allowed"))


@pytest.mark.parametrize("text", ["\ud800", "\0request-id\0", "\0", "\x1b[31m", "a" * 100_000])
def test_odd_text_neither_raises_nor_breaks_the_page(text: str) -> None:
    page = problem_page(NOT_ALLOWED, request_id=text, account=text, hostname="h").decode()

    assert "OUT-2001" in page
    assert "\0" not in page.replace(text, "") or text == "\0request-id\0"
    assert len(page) < 20_000


def test_a_page_is_self_contained_without_script_and_its_style_is_allowed_by_its_hash_alone() -> None:
    page = problem_page(NOT_ALLOWED, request_id="r", account="ada", links=[switch_account()]).decode()
    policy = dict(PAGE_HEADERS)["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<link|<img|\sstyle=|\son\w+=|https?://", page)


def test_pages_are_never_kept_indexed_or_framed_and_tell_no_referrer() -> None:
    headers = dict(PAGE_HEADERS)

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_json_is_the_admin_apis_envelope_with_strings_in_its_details() -> None:
    body = json.loads(problem_json(LOGIN_REQUIRED, request_id="req_1", reason="expired"))

    assert body["error_code"] == "ERR_OUTERWARD_2000"
    assert body["status_code"] == 401
    assert isinstance(body["msg"], str)
    assert body["details"] == {"operation_id": "req_1", "reason": "expired"}
    assert json.loads(problem_json(LOGIN_REQUIRED, request_id="r"))["details"] == {"operation_id": "r"}


def test_a_long_account_is_cut_and_says_so() -> None:
    page = problem_page(NOT_ALLOWED, request_id="r", account="a" * 300).decode()

    assert "a" * 120 + "…" in page
    assert "a" * 121 not in page


def test_what_changes_state_is_a_form_and_what_does_not_is_a_link() -> None:
    page = problem_page(NOT_ALLOWED, request_id="r", links=[switch_account("/a?b=1"), sign_in("/")]).decode()

    assert (
        '<form method="post" action="/.outerward/login?redirect_path=/a%3Fb%3D1&amp;account=other">' in page
    )
    assert '<a class="second" href="/.outerward/login?redirect_path=/">Sign in</a>' in page
    assert sign_in_again("/").post


def test_addresses_carry_their_return_path_encoded() -> None:
    assert login_path("/a?b=1&c#\r\n") == "/.outerward/login?redirect_path=/a%3Fb%3D1%26c%23%0D%0A"
    assert logout_path(None) == "/.outerward/logout"
    assert logout_path("/a?b") == "/.outerward/logout?redirect_path=/a%3Fb"


def test_a_plain_page_costs_the_data_path_next_to_nothing() -> None:
    problem_page(LOGIN_REQUIRED, request_id="warm")
    began = time.perf_counter()
    for number in range(1000):
        problem_page(LOGIN_REQUIRED, request_id=str(number))

    assert time.perf_counter() - began < 0.1


def palettes() -> Iterator[dict[str, str]]:
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL):
        yield dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", list(palettes()), ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "ratio"),
    [
        ("ink", "sheet", 7.0),
        ("ink", "ground", 7.0),
        ("soft", "ground", 4.5),
        ("soft", "sheet", 4.5),
        ("act-ink", "act", 4.5),
        ("act-ink", "act-over", 4.5),
        ("act", "sheet", 4.5),
        ("ring", "sheet", 3.0),
        ("ring", "ground", 3.0),
    ],
)
def test_every_pair_of_colours_has_contrast(
    palette: dict[str, str], ink: str, ground: str, ratio: float
) -> None:
    lighter, darker = sorted((luminance(palette[ink]), luminance(palette[ground])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= ratio


@pytest.mark.parametrize("problem", ALL.values(), ids=ALL)
def test_every_code_is_explained_with_its_status(problem: Problem) -> None:
    told = (Path(__file__).parents[3] / "docs" / "errors.md").read_text()

    assert f"\n## {problem.error_code}\n{problem.status}. " in told
