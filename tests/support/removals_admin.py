"""Checks that are taken away: what the admin API asks of a caller, of a body, and of what it streams."""

from tests.support.removed_checks import Removal, removals

_TOGETHER = "tests/integration/admin_api"
_UNIT = "tests/unit/admin_api"
_SCOPES = (
    "tests/hostile/test_admin_scopes.py::test_admin_02_a_token_of_each_lesser_scope_is_403_and_changes_nothing",
)
_REVOKE = (f"{_TOGETHER}/test_api_revoke.py",)
_NEXT = (f"{_UNIT}/test_api_revoke_next.py",)
_BLOCKS = (f"{_TOGETHER}/test_api_blocks.py",)
_PERSON = (f"{_TOGETHER}/test_api_person.py",)
_STREAM = (f"{_TOGETHER}/test_api_stream.py",)
_FLOW = (f"{_UNIT}/test_api_events_flow.py",)
_SHOWN = (f"{_UNIT}/test_api_events_shown.py",)
_CSV = (f"{_UNIT}/test_api_csv.py",)
_FILES = (f"{_TOGETHER}/test_api_csv.py",)
_BODIES = (f"{_UNIT}/test_api_bodies.py",)
_BUSY = ("tests/hostile/test_admin_busy.py",)
_SERVER = (f"{_TOGETHER}/test_api_server.py",)

_SCOPED = (
    *removals(
        "admin_api/revoke.py",
        _SCOPES,
        ("to revoke takes its scope", "Operation(self.revoke, Scope.REVOKE,", "Operation(self.revoke,"),
    ),
    *removals(
        "admin_api/blocks.py",
        _SCOPES,
        ("to block takes the scope to revoke", "Operation(self.put, Scope.REVOKE,", "Operation(self.put,"),
        (
            "to unblock takes the scope to revoke",
            "Operation(self.delete, Scope.REVOKE,",
            "Operation(self.delete,",
        ),
    ),
    *removals(
        "admin_api/export.py",
        _SCOPES,
        (
            "to export a person takes the scope admin",
            "Operation(self.export, Scope.ADMIN,",
            "Operation(self.export,",
        ),
    ),
    *removals(
        "admin_api/users.py",
        _SCOPES,
        ("to erase a person takes the scope admin", "call.require(Scope.ADMIN)", "pass"),
    ),
    *removals(
        "admin_api/pipeline.py",
        _SCOPES,
        (
            "a scope covers what is asked for",
            "if caller is not None and not caller.scope.covers(operation.needs):",
        ),
    ),
)

_ASKED = (
    *removals(
        "admin_api/revoke.py",
        _REVOKE,
        (
            "a revocation that goes on is asked for nothing else",
            "if any(each is not msgspec.UNSET for each in _beside_next(wanted)):",
        ),
        (
            "a revocation by filter names no ids",
            "if isinstance(wanted.filter, str) and wanted.ids is msgspec.UNSET:",
            "if isinstance(wanted.filter, str):",
        ),
        (
            "a revocation by ids has no filter",
            "if isinstance(wanted.ids, list) and wanted.filter is msgspec.UNSET:",
            "if isinstance(wanted.ids, list):",
        ),
        (
            "so many ids are named in one call",
            "msgspec.Meta(max_length=MOST_AT_ONCE)",
            "msgspec.Meta(max_length=10**6)",
        ),
        ("what is named has the shape of an id", "if not all(is_id(each, SESSION_PREFIX) for each in ids):"),
        (
            "the reason of a revocation can be printed",
            'reason = printable("reason", wanted.reason or "")',
            'reason = wanted.reason or ""',
        ),
    ),
    *removals(
        "admin_api/revoke_next.py",
        _NEXT,
        (
            "a revocation goes on from a session's id",
            "if not is_id(run.before, SESSION_PREFIX) or not run",
            "if not run",
        ),
        ("a reason that comes back can be printed", " or not run.reason.isprintable():", ":"),
        (
            "a revocation is named by an operation's id",
            'msgspec.Meta(pattern=r"^op_[0-9a-f]{32}\\Z")',
            "msgspec.Meta(min_length=1)",
        ),
        ("a count that comes back is bounded", "msgspec.Meta(ge=0, le=10**12)", "msgspec.Meta(ge=0)"),
        (
            "a count that comes back is none below zero",
            "msgspec.Meta(ge=0, le=10**12)",
            "msgspec.Meta(le=10**12)",
        ),
        ("what comes back is base64url alone", 'altchars=b"-_", validate=True)', 'altchars=b"-_")'),
    ),
    *removals(
        "admin_api/blocks.py",
        _BLOCKS,
        (
            "a block is until a time to come",
            'future_ms("until", wanted.until, self._now_ms())',
            "int(wanted.until.timestamp() * 1000)",
        ),
        ("the reason of a block can be printed", 'printable("reason", wanted.reason)', "wanted.reason"),
    ),
    *removals(
        "admin_api/bodies.py",
        _BODIES,
        ("a body says no member twice", "if len(members) != len(pairs):"),
        ("a body holds no half of a character", "json.dumps(members, ensure_ascii=False).encode()", "pass"),
        ("a time in a body is to come", "if not now_ms < at_ms < _YEAR_10000_MS:"),
    ),
    *removals(
        "admin_api/bodies.py",
        _SERVER,
        (
            "a body without a length is bounded",
            "request.clone(client_max_size=largest)",
            "request.clone(client_max_size=2**30)",
        ),
    ),
    *removals(
        "admin_api/bodies.py",
        ("tests/hostile/test_admin_corpus.py::test_http_40_a_compressed_body_is_413_and_not_inflated",),
        ("a compressed body is refused unread", "if coded or (", "if ("),
    ),
    *removals(
        "admin_api/pipeline.py",
        (f"{_TOGETHER}/test_api_order_of_checks.py",),
        ("a parameter is given once", "if len(query) != len(request.query) or not", "if not"),
        (
            "a parameter is a known one",
            "if len(query) != len(request.query) or not operation.query.issuperset(query):",
            "if len(query) != len(request.query):",
        ),
    ),
    *removals(
        "admin_api/users.py",
        _PERSON,
        ("a session cannot be erased", "if call.query:"),
        (
            "nobody has no list of sessions",
            "if not page.items and await self._store.user(UserId(call.id)) is None:",
        ),
    ),
    *removals(
        "admin_api/export.py",
        _PERSON,
        (
            "of nobody nothing is exported",
            "if view is None and block is None and not await self._has_traces(user_id):",
        ),
        (
            "who is deleted is exported too",
            "if view is None and block is None and not await self._has_traces(user_id):",
            "if view is None:",
        ),
    ),
    *removals(
        "admin_api/finding.py",
        (f"{_UNIT}/test_api_finding.py",),
        ("a search is bounded", 'if len(query["q"]) > LONGEST_SEARCH:'),
        ("a parameter has one of its values", "if value not in values:"),
        (
            "an empty filter is no filter",
            'if "filter" in query else Wanted()',
            'if query.get("filter") else Wanted()',
        ),
    ),
)

_STREAMED = (
    *removals(
        "admin_api/csv_export.py",
        _CSV,
        (
            "no cell of a file is a formula",
            'return "\'" + text if text.startswith(_FORMULA) else text',
            "return text",
        ),
        ("a formula may begin with a tab", ', "\\t", "\\r")', ")"),
    ),
    *removals(
        "admin_api/lists.py",
        (*_FILES, f"{_TOGETHER}/test_api_filters.py"),
        ("a file has no pages", "if not PAGE_PARAMETERS.isdisjoint(query):"),
    ),
    *removals(
        "admin_api/streaming.py",
        _FILES,
        ("what was cut never looks whole", "            _break_off(request)\n", ""),
        (
            "a connection is broken off by a reset",
            ".setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)",
            "",
        ),
    ),
    *removals(
        "admin_api/event_stream.py",
        _STREAM,
        ("so many streams are open", "Places(MOST_STREAMS, ", "Places(10**6, "),
        ("one token has so many streams", "STREAMS_EACH, Code", "10**6, Code"),
        ("an event stream has no deadline", "            endless=True,\n", ""),
        ("a stream says that events are missing", "if coming.gap:"),
        (
            "a stream begins at an event's id",
            "if after is not None and not is_event_id(after):",
        ),
    ),
    *removals(
        "admin_api/event_stream.py",
        _FLOW,
        ("a stream's token is looked at", "if not await _still(stands):"),
        ("the event that revokes a token ends its streams", "if _revokes(stored, token):"),
        ("a stream ends with its token", " and self._left_s(token) > 0:", ":"),
        ("a token that is gone begins no stream", "raise Problem(Code.BAD_CREDENTIALS)", "return None"),
        ("streams end with the process", "self._closing.set()", "pass"),
    ),
    *removals(
        "admin_api/events.py",
        _SHOWN,
        ("there are so many types of events", "if not types <= EVENT_TYPES:"),
        ("events are asked for by a user's id", 'if "user" in query and not is_id(user_id, USER_PREFIX):'),
    ),
    *removals(
        "admin_api/events.py",
        (f"{_TOGETHER}/test_api_events.py",),
        (
            "a page of events begins at an event's id",
            "if before is not None and not is_event_id(before):",
        ),
    ),
)

_IN_TIME = (
    *removals(
        "admin_api/places.py",
        (f"{_UNIT}/test_api_places.py",),
        ("a place is given back", "self._taken[actor] -= 1", "pass"),
        ("there are so many places", "self._taken.total() >= self._in_all or ", ""),
        ("one token has so many places", " or self._taken[actor] >= self._each", ""),
        ("nothing is kept of who has left", "if not self._taken[actor]:"),
    ),
    *removals(
        "admin_api/line.py",
        (f"{_UNIT}/test_api_line.py",),
        (
            "so many of one token wait",
            "            raise self._places.refused()\n        turn",
            "            pass\n        turn",
        ),
        ("who has gone is let go", "if not turn.come.done() and turn.has_gone():"),
        (
            "who has gone makes room in the line",
            "            self._let_go()\n        if",
            "            pass\n        if",
        ),
        ("who has gone gets no place", "        self._let_go()\n        for", "        for"),
        ("who leaves the line is out of it", "if turn in self._turns:"),
        ("what is left is handed on", "turn.come.set_result(True)", "pass"),
        (
            "a place that nobody wants any more is for the next",
            "elif not turn.come.cancelled() and turn.come.result():",
        ),
    ),
    *removals(
        "admin_api/pipeline.py",
        _BUSY,
        (
            "who waited is admitted once more",
            "nobody now.\n                        await self._callers.admit(request)",
            "nobody now.\n                        pass",
        ),
    ),
    *removals(
        "admin_api/app.py",
        _BUSY,
        ("so many costly reads go on", "Places(MOST_COSTLY, ", "Places(10**6, "),
        ("one token has so many costly reads", "COSTLY_EACH, Code", "10**6, Code"),
    ),
    *removals(
        "admin_api/pipeline.py",
        _BUSY,
        ("what is costly needs a place", "if operation.is_costly(call.query):"),
    ),
    *removals(
        "admin_api/lists.py",
        _BUSY,
        (
            "a search is costly",
            'return not FIND_PARAMETERS.isdisjoint(query) or query.get("format") == "csv"',
            'return query.get("format") == "csv"',
        ),
        ("a file is costly", ' or query.get("format") == "csv"', ""),
    ),
    *removals(
        "admin_api/sessions.py",
        _BUSY,
        (
            "a list of sessions may be costly",
            "query=LIST_PARAMETERS | STATE_PARAMETERS, is_costly=is_costly",
            "query=LIST_PARAMETERS | STATE_PARAMETERS",
        ),
        ("a count of sessions is costly", "query=found, is_costly=always", "query=found"),
    ),
    *removals(
        "admin_api/users.py",
        _BUSY,
        (
            "a list of users may be costly",
            "query=LIST_PARAMETERS, is_costly=is_costly",
            "query=LIST_PARAMETERS",
        ),
        ("a count of users is costly", "query=FIND_PARAMETERS, is_costly=always", "query=FIND_PARAMETERS"),
    ),
    *removals("admin_api/export.py", _BUSY, ("an export is costly", ", is_costly=always", "")),
    *removals("admin_api/events.py", _BUSY, ("a choice of events is costly", ", is_costly=_is_choosy", "")),
    *removals(
        "admin_api/pipeline.py",
        (f"{_TOGETHER}/test_api_store_away.py",),
        ("an act is not confirmed late", "if is_act and clock_s() >= until_s:"),
        ("an act is not begun late", "if is_act and left_s <= 0:"),
        (
            "the time of an act begins when it arrives",
            "arrived_s = request.get(ARRIVED_S, clock_s())",
            "arrived_s = clock_s()",
        ),
        ("what is not confirmed of an erasure goes on", "if operation.goes_on(call.query):"),
    ),
    *removals(
        "admin_api/streaming.py",
        _FILES,
        ("a file has a deadline", "None if stream.endless else WHOLE_WITHIN_S", "None"),
        ("a file ends with its token", "if not await stands():"),
        ("a token is looked at now and then", "clock_s() >= looked_s + LOOK_EVERY_S:", "False:"),
    ),
    *removals(
        "admin_api/streaming.py",
        _STREAM,
        (
            "a reader who has gone frees the place",
            "limit.reschedule(asyncio.get_running_loop().time())",
            "pass",
        ),
    ),
    *removals(
        "admin_api/csv_export.py",
        _CSV,
        ("what cannot be seen is shown in a file", '_UNSEEN.sub("\\ufffd", ', "("),
    ),
    *removals(
        "session_store/query/finder.py",
        ("tests/integration/session_store/test_finding_in_time.py",),
        ("rows are looked for a second long", "if is_late or reading", "if reading"),
        (
            "all rows are listed however long it takes",
            "is_late = not wanted.is_everything and ",
            "is_late = ",
        ),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_SCOPED, *_ASKED, *_STREAMED, *_IN_TIME)
