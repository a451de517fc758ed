"""Checks that are taken away: what ends, what is kept of it, who is blocked, and what nothing is left of."""

from tests.support.removed_checks import Edit, Removal, removals

_STORED = "tests/integration/session_store"
_NOTED = f"{_STORED}/test_noted_ends.py"
_OVERDUE = f"{_STORED}/test_overdue.py"
_BLOCKS = f"{_STORED}/test_blocks.py"
_BLOCK_RACES = (f"{_STORED}/test_block_races.py",)
_BULK = (f"{_STORED}/test_bulk.py",)
_ERASURE = (f"{_STORED}/test_erasure.py",)
_ENTRIES = f"{_STORED}/test_user_entries.py"
_SWEEP = f"{_STORED}/test_sweep.py"

_TOLD_FIRST = """await self._events.append(_events_of(some, act))
            await self._keep(some)"""
_KEPT_FIRST = """await self._keep(some)
            await self._events.append(_events_of(some, act))"""
_ENDS_OF_BLOCK = "            await self._revocation.end_all_of(user_tag, act)\n"
_BLOCK_WRITTEN = "            # In this order, see _unlist:"

_ENDED = (
    *removals(
        "session_store/endings.py",
        (_NOTED,),
        ("an end is kept once", 'encode(each), "NX", "PX", life)', 'encode(each), "PX", life)'),
        ("an end is told before it is kept", _TOLD_FIRST, _KEPT_FIRST),
        (
            "what time ended is told by one of all who find it",
            "await self._events.append(_events_of(await self._keep(some), act))",
            f"{_TOLD_FIRST}",
        ),
        (
            "no token of the provider is kept with an ended session",
            'session=msgspec.structs.replace(session, access_token=b""),',
            "session=session,",
        ),
        ("what had run out ended by that", "expired = session.expires_at <= at", "expired = False"),
        (
            "what ended leaves the lists of what is live",
            "*indexes.leave_session((each.session, each.activity.context) for each in ended),",
            "",
        ),
    ),
    *removals(
        "session_store/endings.py",
        (_OVERDUE,),
        (
            "what is beside an ended session goes with it",
            "*(_drop_what_is_beside(each.session) for each in ended),",
            "",
        ),
    ),
    *removals(
        "session_store/scripts/end_application.lua",
        (_NOTED,),
        (
            "an end whose author dies leaves what can be noted",
            "redis.call('HSET', KEYS[7], 'record', record)",
            "",
        ),
    ),
    *removals(
        "session_store/scripts/end_application.lua",
        (_OVERDUE,),
        (
            "what has expired holds no browser session",
            "if ends and tonumber(ends) > tonumber(ARGV[3]) then",
            "if true then",
        ),
    ),
    *removals(
        "session_store/scripts/end_browser.lua",
        (_OVERDUE, _NOTED),
        (
            "what went idle is known after its browser session's end",
            "redis.call('HSET', activity, 'browser', standing)",
            "",
        ),
        (
            "all that a browser session had leaves what can be noted",
            "redis.call('HSET', activity, 'record', record)",
            "",
        ),
    ),
)

_BY_TIME = (
    *removals(
        "session_store/overdue.py",
        (_NOTED,),
        ("an end is its author's to note for a minute", "if noted_by > now:"),
    ),
    *removals(
        "session_store/overdue.py",
        (_OVERDUE,),
        (
            "a visit that died takes nobody's end",
            "if found.started not in {None, found.session_id.encode()}:",
        ),
        (
            "an end by time is none to come",
            'at = min(found.due or int(fields.get(b"last_active", ends)), self._now_ms())',
            'at = found.due or int(fields.get(b"last_active", ends))',
        ),
        (
            "what went idle is told from what may be on its way",
            "may_be_under_way(found.session_id, self._now_ms())\n            or not",
            "not",
        ),
    ),
    *removals(
        "session_store/overdue.py",
        (_SWEEP,),
        (
            "a session that may be on its way stays listed",
            "under_way = [each for each in gone if may_be_under_way(each, now)]",
            "under_way: list[str] = []",
        ),
        (
            "a session whose record cannot be read stays listed",
            "live = {record.id for record in await self._directory.readable(ids)}",
            "live = {view.session.id for view in await self._directory.session_views(ids) if view}",
        ),
    ),
    *removals(
        "session_store/strays.py",
        (_SWEEP, _ENTRIES),
        (
            "a user who may be on the way stays listed",
            "if not _is_of(each, record) and not may_be_under_way(each, now)",
            "if not _is_of(each, record)",
        ),
        (
            "a user whose record cannot be read stays listed",
            "    except StoreUnavailable:\n        return True",
            "    except StoreUnavailable:\n        return False",
        ),
        (
            "an entry of what may be on its way stays",
            "if score is None and not may_be_under_way(each, now)",
            "if score is None",
        ),
        (
            "an entry of what is live is no stray",
            "if score is None and not may_be_under_way(each, now)",
            "if not may_be_under_way(each, now)",
        ),
    ),
    *removals(
        "session_store/forgetting.py",
        (_OVERDUE,),
        ("ended sessions are forgotten", '*(("DEL", keys.ended_session(each)) for each in ids),', ""),
    ),
    *removals(
        "session_store/forgetting.py",
        (_ENTRIES,),
        (
            "a user with a session is not forgotten",
            "view.last_active >= oldest or view.sessions:",
            "view.last_active >= oldest:",
        ),
        (
            "a user who was seen is not forgotten",
            "view.last_active >= oldest or view.sessions:",
            "view.sessions:",
        ),
    ),
    *removals(
        "session_store/sweeper.py",
        (_SWEEP,),
        ("of all who sweep one does in an hour", 'b"", "NX", "EX", _PERIOD_S)', 'b"", "EX", _PERIOD_S)'),
        (
            "of all who look for what is due one does at a time",
            'b"", "NX", "PX", _DUE_EVERY_S * 900)',
            'b"", "PX", _DUE_EVERY_S * 900)',
        ),
    ),
)

_BLOCKED = (
    *removals(
        "session_store/scripts/put_user.lua",
        (_BLOCKS,),
        ("who is blocked signs in nowhere", "if block then", "if false then"),
    ),
    *removals(
        "session_store/logins.py",
        (_BLOCKS,),
        ("a refused login is told why", 'if outcome == b"blocked":'),
        ("a refused login leaves no entry", "await take_back(self._commands, user)", "pass"),
    ),
    *removals(
        "session_store/blocks.py",
        (_BLOCKS,),
        ("a block ends what is there", _ENDS_OF_BLOCK, ""),
        (
            "a block runs out",
            'life = ("PXAT", until) if until is not None else ()',
            "life: tuple[str, int] | tuple[()] = ()",
        ),
        (
            "a list that drops what is over loses no block",
            "for user_id, tag in anew:",
            "for user_id, tag in anew[:0]:",
        ),
        (
            "an old id says nothing of the block of today",
            "block if block is not None and block.user_id == user_id else None",
            "block",
        ),
        (
            "an old id blocks nobody of today",
            "if not isinstance(known, User) or known.id != user_id:",
            "if not isinstance(known, User):",
        ),
        (
            "who was deleted while blocked is known by the block",
            "return read_tag(tag) or read_tag(of_blocked)",
            "return read_tag(tag)",
        ),
    ),
    Removal(
        "a block is written before it ends anything",
        (
            Edit("session_store/blocks.py", _ENDS_OF_BLOCK, ""),
            Edit(
                "session_store/blocks.py",
                _BLOCK_WRITTEN,
                "            act = Act(reason=EndReason.BLOCKED, by=by)\n" + _ENDS_OF_BLOCK + _BLOCK_WRITTEN,
            ),
        ),
        _BLOCK_RACES,
    ),
)

_MANY = (
    *removals(
        "session_store/bulk.py",
        _BULK,
        (
            "a dry run ends nothing that a filter finds",
            "ended = [] if dry_run else await self._end(page.items, act)",
            "ended = await self._end(page.items, act)",
        ),
        (
            "a dry run ends nothing that is named",
            "ended = [] if dry_run else await self._end(found, act)",
            "ended = await self._end(found, act)",
        ),
        ("a dry run ends no login", "if not dry_run and not page.more:", "if not page.more:"),
        ("of whole users the logins end too", "if not dry_run and not page.more:"),
        (
            "a login ends where its user was asked for and nothing else",
            " or not wanted.filter.is_exact or ",
            " or ",
        ),
        (
            "a login ends where the filter asks for nothing else",
            ' or len(wanted.conjuncts("sessions")) != 1:',
            ":",
        ),
        (
            "a login ends where users alone are asked for",
            "return users if len(users) == len(union) else []",
            "return users",
        ),
        ("what is counted as yours is yours", "if view.session.user_tag == own)", "if own)"),
        (
            "a user of several sessions counts once",
            "users=len({view.session.user_id for view in found}),",
            "users=len(found),",
        ),
        ("what a run has counted is not kept", ', ("EXPIRE", place, _RUN_LASTS_S)]', "]"),
        ("a session that is named twice is one", "named = list(dict.fromkeys(ids))", "named = list(ids)"),
    ),
)

_ERASED = (
    *removals(
        "session_store/erasure.py",
        _ERASURE,
        (
            "what time has ended is noted before an erasure",
            "while await self._overdue.note_some():",
            "while False:",
        ),
        (
            "an erasure is noted before anything is deleted",
            "await self._note(user_id, begun)",
            "pass",
        ),
        (
            "no list has an erased user",
            "await self._commands.run_all(indexes.drop_user_ids([user_id]))",
            "pass",
        ),
        ("no block is left of an erased user", "await self._blocks.lift(user_id, user_tag)", "pass"),
        (
            "no event is left of an erased user",
            "await self._events.erase_some(user_id, person, position)",
            "None",
        ),
        (
            "no ended session is left of an erased user",
            '*(("DEL", keys.ended_session(each)) for each in ids),',
            "",
        ),
        (
            "an erasure is told without a name",
            '"user_erased", act, "", {PERSON',
            '"user_erased", act, user_id, {PERSON',
        ),
        (
            "an erasure waits for what is still to be noted",
            "await self._endings.settled()",
            "pass",
        ),
        (
            "a second pass comes later than the first",
            "if begun.at + _SECOND_PASS_AFTER_MS < self._now_ms():",
            "if True:",
        ),
    ),
    *removals(
        "session_store/indexes.py",
        _ERASURE,
        (
            "no list has an erased user's ended sessions",
            '("ZREM", keys.ENDED_SESSIONS, *session_ids),',
            "",
        ),
        ("no time is left of an erased user's sessions", '("ZREM", keys.ENDED_AT, *session_ids),', ""),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_ENDED, *_BY_TIME, *_BLOCKED, *_MANY, *_ERASED)
