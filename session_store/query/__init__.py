"""Finding users and sessions: the filter language, the search, and the indexes that they are read through."""

from session_store.query.errors import FilterError, TooBroad
from session_store.query.fields import Kind
from session_store.query.filter import Filter, parse_filter
from session_store.query.finder import Count, Finder, Rows, Wanted
from session_store.query.search import LONGEST_SEARCH, Search

__all__ = [
    "LONGEST_SEARCH",
    "Count",
    "Filter",
    "FilterError",
    "Finder",
    "Kind",
    "Rows",
    "Search",
    "TooBroad",
    "Wanted",
    "parse_filter",
]
