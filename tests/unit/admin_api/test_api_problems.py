"""The codes of the API and the envelope they leave in."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from admin_api.problems import Code, Problem, problem_response

DOCUMENT = Path(__file__).parents[3] / "docs" / "errors.md"


def body_of(problem: Problem) -> dict[str, object]:
    response = problem_response(problem, "op_1")
    assert isinstance(response.body, bytes)
    assert response.content_type == "application/json"
    body: dict[str, object] = json.loads(response.body)
    return body


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_heading_with_its_status_in_the_documentation(code: Code) -> None:
    section = re.search(rf"^## {code.public}\n(\d{{3}})\.", DOCUMENT.read_text(), re.MULTILINE)
    assert section is not None
    assert int(section[1]) == code.status


def test_every_documented_code_of_the_family_exists() -> None:
    documented = re.findall(r"^## (ERR_OUTERWARD_[34]\d{3})$", DOCUMENT.read_text(), re.MULTILINE)
    assert Counter(documented) == Counter(code.public for code in Code)


def test_numbers_are_unique_and_of_the_families_of_the_api_and_the_store() -> None:
    numbers = [code.number for code in Code]
    assert len(set(numbers)) == len(numbers)
    assert {number // 1000 for number in numbers} == {3, 4}


@pytest.mark.parametrize("code", Code)
def test_the_envelope_has_all_four_members_and_the_operation_id(code: Code) -> None:
    body = body_of(Problem(code, details={"known": "limit"}))
    assert body == {
        "error_code": code.public,
        "status_code": code.status,
        "msg": code.sentence,
        "details": {"operation_id": "op_1", "known": "limit"},
    }


@pytest.mark.parametrize("code", Code)
def test_headers_follow_the_status(code: Code) -> None:
    headers = problem_response(Problem(code), "op_1").headers
    assert (headers.get("WWW-Authenticate") == "Bearer") is (code.status == 401)
    assert (headers.get("Retry-After") == "1") is (code.status in {429, 503})
