"""Checks that are taken away: what a filter may be, what it holds for, and what finding its rows may cost."""

from tests.support.removed_checks import Removal, removals

_QUERY = "session_store/query"
_UNIT = "tests/unit/session_store/query"
_ERRORS = (f"{_UNIT}/test_filter_errors.py",)
_WORDS = (f"{_UNIT}/test_filter_words.py",)
_LOOKUPS = (f"{_UNIT}/test_lookups.py",)
_PLAN = (f"{_UNIT}/test_plan.py",)
_FINDING = ("tests/integration/session_store/test_finding.py",)

_READ = (
    *removals(
        f"{_QUERY}/syntax.py",
        _ERRORS,
        ("a filter is bounded", "if len(text) > LONGEST_FILTER:"),
        ("a list in a filter is bounded", "if len(items) == LONGEST_LIST:"),
        ("brackets in a filter are not too deep", "if self._depth == DEEPEST:"),
        ("a comparison has one sign", 'if after.kind in ("sign", "name") and after.text in _SIGNS:'),
        ("a filter is read to its end", 'if token.kind != "end":'),
    ),
    *removals(
        f"{_QUERY}/lexer.py",
        _ERRORS,
        ("half a surrogate pair is no character", " or 0xD800 <= code <= 0xDFFF:", ":"),
        (
            "a text without an end is pointed at where it begins",
            'raise FilterError("This text has no closing quotation mark on its line.", start)',
            'raise FilterError("This text has no closing quotation mark on its line.", at)',
        ),
        ("there is no escape but those of CEL", "if single not in _ESCAPED:"),
    ),
    *removals(
        f"{_QUERY}/errors.py",
        _ERRORS,
        (
            "an error repeats little of a filter",
            "word if len(word) <= _LONGEST_SHOWN else",
            "word if word else",
        ),
        (
            "an error repeats what can be printed alone",
            'place if place.isprintable() else "?" for place in cut',
            "place for place in cut",
        ),
    ),
    *removals(
        f"{_QUERY}/times.py",
        _ERRORS,
        ("the offset of a time is less than a day", "if sign and (int(hours) > 23 or int(minutes) > 59):"),
    ),
)

_MEANT = (
    *removals(
        f"{_QUERY}/meaning.py",
        _ERRORS,
        ("what has no order is not compared by it", "if field.type not in _ORDERED:"),
        ("nothing is less or more than null", "if value is None:"),
        ("a field alone is true or false", "if field.type is not Type.TRUTH:"),
        ("only a list holds a text", "if field.type is not Type.TEXTS:"),
        ("only an address is in a network", "if field.type is not Type.ADDRESS:"),
        (
            "a part is asked for of few fields",
            'if name == "contains" and field.contains:',
            'if name == "contains":',
        ),
        (
            "an address is compared with an address",
            "if isinstance(value, str) and value and ip_key(value) is None:",
        ),
        (
            "truth is compared with truth",
            "return value if isinstance(value, bool) else None",
            "return value",
        ),
        (
            "a number is compared with a number",
            "if isinstance(value, int | float) and not isinstance(value, bool) else None",
            "if isinstance(value, int | float) else None",
        ),
        (
            "a field begins with obj",
            " if root == _ROOT else None\n        if field is not None:",
            "\n        if field is not None:",
        ),
        (
            "a network has no bit beyond its mask",
            "return ip_network(_text(expression))",
            "return ip_network(_text(expression), strict=False)",
        ),
        ("a function takes so many arguments", "if len(call.arguments) != count:"),
    ),
    *removals(
        f"{_QUERY}/leaves.py",
        _WORDS,
        (
            "nothing is less or more than what is missing",
            "lambda view: (have := read(view)) is not None and holds(have, value),",
            "lambda view: holds(read(view) or 0, value),",
        ),
        (
            "what is missing begins with nothing",
            "lambda view: (have := read(view)) is not None and have.startswith(text),",
            'lambda view: (read(view) or "").startswith(text),',
        ),
        (
            "addresses are compared however they are written",
            'return ip_key(text) or text.encode(errors="surrogatepass")',
            'return text.encode(errors="surrogatepass")',
        ),
    ),
    *removals(
        f"{_QUERY}/leaves.py",
        _LOOKUPS,
        (
            "no index is asked for what none has",
            "return field.name in ENDPOINT_TEXTS or bool(folded(text))",
            "return True",
        ),
        (
            "only whole octets are a network",
            "if not _WHOLE_OCTETS.fullmatch(text):",
            "if not _WHOLE_OCTETS.match(text):",
        ),
    ),
    *removals(
        f"{_QUERY}/condition.py",
        _LOOKUPS,
        (
            "no index is asked for what is not to hold",
            "return Condition(lambda view: not holds(view))",
            "return Condition(lambda view: not holds(view), condition.conjuncts)",
        ),
        ("what is looked up in part is not exact", "exact=few and all(", "exact=all("),
        (
            "all is exact where each part is",
            "exact=all(condition.exact",
            "exact=any(condition.exact",
        ),
    ),
    *removals(
        f"{_QUERY}/fields.py",
        _LOOKUPS,
        (
            "ended sessions are looked up in what knows them",
            "_only_indexed(_SESSIONS, _OF_ENDED) | ",
            "_SESSIONS | ",
        ),
    ),
    *removals(
        f"{_QUERY}/search.py",
        (f"{_UNIT}/test_search.py",),
        (
            "a search for ended sessions asks no index of words",
            'if self._folded and kind != "ended" else ()',
            "if self._folded else ()",
        ),
        (
            "the id of a session finds no user",
            'return ((),) if kind == "users" else ((Prefix("id", self.text),),)',
            'return ((Prefix("id", self.text),),)',
        ),
    ),
)

_FOUND = (
    *removals(
        f"{_QUERY}/finder.py",
        _FINDING,
        (
            "for a filter so many records are read and no more",
            "return None if self.is_everything else _ROWS_AT_MOST",
            "return None",
        ),
        (
            "a list of everything is never too broad",
            "return None if self.is_everything else _ROWS_AT_MOST",
            "return _ROWS_AT_MOST",
        ),
        (
            "what is too broad is told without what was asked",
            " if field not in asked)",
            ")",
        ),
        ("counting has an end", " or self._now_ms() >= deadline:", ":"),
        ("very many rows are counted by the index", "if by_index is not None and by_index > _ROWS_COUNTED:"),
    ),
    *removals(
        f"{_QUERY}/finder.py",
        (f"{_UNIT}/test_search.py",),
        ("a filter and a search hold together", "self.search is None or self.search.matches(view)", "True"),
    ),
    *removals(
        f"{_QUERY}/reading.py",
        _FINDING,
        ("for an answer so many ids are looked at and no more", "or self._ids < IDS_AT_MOST", "or True"),
        (
            "every row is judged by its record",
            "if view is not None and self._matches(view)]",
            "if view is not None]",
        ),
    ),
    *removals(
        f"{_QUERY}/walk.py",
        _FINDING,
        (
            "values of an index come in one order",
            'down_to = max((self._ready[run][-1] for run in self._unread), default=b"")',
            'down_to = b""',
        ),
        (
            "what is gathered keeps to the page",
            "return ordered[bisect_left(ordered, self._span.low) : bisect_left(ordered, self._span.below)]",
            "return ordered",
        ),
        ("whoever is found twice is listed once", "sorted(dict.fromkeys(ids))", "sorted(ids)"),
        ("what two indexes find is what both have", "passed &= here", "pass"),
    ),
    *removals(
        f"{_QUERY}/places.py",
        _PLAN,
        (
            "clocks may differ where ids are read for times",
            "_CLOCKS_DIFFER_MS = 10_000",
            "_CLOCKS_DIFFER_MS = 0",
        ),
        (
            "an id is tested by its time",
            "return (self.low is None or self.low <= at) and (self.below is None or at < self.below)",
            "return True",
        ),
    ),
    *removals(
        f"{_QUERY}/plan.py",
        _PLAN,
        (
            "no more is gathered at once than checks can wait for",
            "if leader.gathered <= GATHERED_AT_MOST",
            "if True",
        ),
    ),
    *removals(
        f"{_QUERY}/grounds.py",
        _FINDING,
        ("the sessions of very many users are not gathered", "if len(found) > _USERS_AT_MOST:"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_READ, *_MEANT, *_FOUND)
