"""The lists of users and of sessions: rows that are wanted, as a page of JSON, as a CSV file, or counted.

A ``Listing`` says where the rows of one list come from and what they look like; the rest is the same for all.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec
from aiohttp import web

from admin_api.csv_export import Cell, csv_lines
from admin_api.finding import FIND_PARAMETERS, chosen, wanted_of
from admin_api.operations import Stream
from admin_api.paging import LARGEST_PAGE, PAGE_PARAMETERS, next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from session_store import Count, Kind, Page, Wanted

LIST_PARAMETERS = PAGE_PARAMETERS | FIND_PARAMETERS | {"format"}

V = TypeVar("V")


def is_costly(query: Mapping[str, str]) -> bool:
    """Whether a list is one whose rows are looked for, or read from first to last."""
    return not FIND_PARAMETERS.isdisjoint(query) or query.get("format") == "csv"


class ReadsPages(Protocol[V]):
    """Reads the rows behind a position, newest first."""

    async def __call__(self, *, limit: int, before: str | None, wanted: Wanted) -> Page[V]:
        """At most ``limit`` of those that are ``wanted``. Raises TooBroad, StoreUnavailable."""


class Counts(Protocol):
    """Counts rows."""

    async def __call__(self, kind: Kind, wanted: Wanted) -> Count:
        """How many are ``wanted``. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[V]):
    """One list. ``member``: what its rows are called in JSON, ``filename``: what its CSV file is called."""

    kind: Kind
    id_prefix: str
    member: str
    filename: str
    columns: tuple[str, ...]
    read: ReadsPages[V]
    id_of: Callable[[V], str]
    shape: Callable[[V], msgspec.Struct]
    cells: Callable[[V], Iterable[Cell]]


async def answer_list(listing: Listing[V], uri: str, query: Mapping[str, str]) -> web.Response | Stream:
    """What ``query`` asks for of the list at ``uri``. Raises Problem (400), TooBroad, StoreUnavailable."""
    wanted = wanted_of(query, listing.kind)
    if chosen(query, "format", "json", "csv") == "json":
        return page_response(listing, uri, query, await read_page(listing, query, wanted))
    if not PAGE_PARAMETERS.isdisjoint(query):
        raise Problem(Code.NOT_WITH_CSV)
    return Stream(_as_csv(listing, wanted), "text/csv", charset="utf-8", filename=listing.filename)


async def read_page(listing: Listing[V], query: Mapping[str, str], wanted: Wanted) -> Page[V]:
    """The page that ``query`` asks for. Raises Problem (400), TooBroad, StoreUnavailable."""
    part = requested_slice(query, listing.id_prefix)
    return await listing.read(limit=part.limit, before=part.before, wanted=wanted)


def page_response(listing: Listing[V], uri: str, query: Mapping[str, str], page: Page[V]) -> web.Response:
    """``page`` in JSON, with the link to the one that follows."""
    following = next_page_uri(uri, query, listing.id_of(page.items[-1])) if page.more else None
    rows = [listing.shape(view) for view in page.items]
    return json_response({listing.member: rows, "uri": uri, "next_page_uri": following})


async def answer_count(counts: Counts, kind: Kind, query: Mapping[str, str]) -> web.Response:
    """How many rows ``query`` asks for. Raises Problem (400), StoreUnavailable."""
    counted = await counts(kind, wanted_of(query, kind))
    return json_response({"count": counted.count, "exact": counted.exact})


async def _as_csv(listing: Listing[V], wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """The header with the first page, then page by page."""
    lines: list[Iterable[Cell]] = [listing.columns]
    before = None
    while True:
        page = await listing.read(limit=LARGEST_PAGE, before=before, wanted=wanted)
        lines += [listing.cells(view) for view in page.items]
        yield csv_lines(lines)
        if not page.more:
            return
        lines, before = [], listing.id_of(page.items[-1])
