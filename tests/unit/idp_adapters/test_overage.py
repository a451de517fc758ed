"""Pages of groups: read whole, and followed to the same place alone."""

import json
from typing import Any

import pytest

from idp_adapters import LoginError
from idp_adapters.oidc.overage import MAX_PAGES, fetch_groups, read_page
from idp_adapters.transport import Answer, Request

URL = "https://graph.example.com/v1.0/me/transitiveMemberOf?$select=id"
NEXT = "https://graph.example.com/v1.0/me/transitiveMemberOf?$skiptoken=x"


def page(members: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(members).encode())


class Pages:
    """Answers in their order; ``asked`` are the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]

    async def close(self) -> None:
        pass


async def test_all_pages_are_read_with_the_access_token() -> None:
    first = page({"value": [{"id": "a"}, {"id": "b"}], "@odata.nextLink": NEXT})
    pages = Pages(first, page({"value": [{"id": "c"}]}))

    assert await fetch_groups(pages, URL, "a-token") == ["a", "b", "c"]
    assert [request.url for request in pages.asked] == [URL, NEXT]
    assert {request.headers["Authorization"] for request in pages.asked} == {"Bearer a-token"}


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/v1.0/me/transitiveMemberOf?x",
        "https://graph.example.com.evil.example/v1.0/me/transitiveMemberOf",
        "https://graph.example.com:444/v1.0/me/transitiveMemberOf",
        "http://graph.example.com/v1.0/me/transitiveMemberOf",
        "https://graph.example.com/v1.0/me/transitiveMemberOf/../messages",
        "https://graph.example.com/v1.0/me/transitiveMemberOfX",
        "https://graph.example.com/v1.0/me",
        "https://u@graph.example.com/v1.0/me/transitiveMemberOf",
        "//graph.example.com/v1.0/me/transitiveMemberOf",
        "https://[",
        7,
        None,
        [NEXT],
    ],
)
async def test_the_token_goes_nowhere_else(following: object) -> None:
    pages = Pages(page({"value": [], "@odata.nextLink": following}))
    with pytest.raises(LoginError, match="next page is elsewhere") as caught:
        await fetch_groups(pages, URL, "a-token")
    assert caught.value.reason == "provider_error"
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        page({"value": []}, 403),
        page({"value": []}, 500),
        page({"value": {}}),
        page({"value": ["a"]}),
        page({}),
        page([]),
        Answer(200, {}, b"<html>"),
    ],
    ids=["403", "500", "object", "text", "none", "list", "html"],
)
def test_what_is_no_page_of_groups_is_an_error_and_never_no_groups(answer: Answer) -> None:
    with pytest.raises(LoginError, match="provider_error"):
        read_page(answer, URL)


async def test_a_list_without_an_end_is_an_error_and_never_cut() -> None:
    pages = Pages(page({"value": [{"id": "a"}], "@odata.nextLink": NEXT}))
    with pytest.raises(LoginError, match="more than 20 pages"):
        await fetch_groups(pages, URL, "a-token")
    assert len(pages.asked) == MAX_PAGES


async def test_an_entry_without_an_id_is_handed_on_to_be_dropped_with_a_warning() -> None:
    assert read_page(page({"value": [{"id": "a"}, {}, {"id": 7}]}), URL) == (["a", None, 7], "")
