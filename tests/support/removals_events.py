"""Checks that are taken away: what is told, what is kept of visitors, what finds a session or a user."""

from tests.support.removed_checks import Removal, removals

_STORED = "tests/integration/session_store"
_UNIT = "tests/unit/session_store"
_ACCESSES = (f"{_STORED}/test_accesses.py",)
_FLAGS = (f"{_STORED}/test_flags.py",)
_EVENTS = (f"{_STORED}/test_events.py",)
_SHAPES = (f"{_UNIT}/test_events.py",)
_TAIL = (f"{_STORED}/test_events_tail.py",)
_TURNS = (f"{_STORED}/test_events_turns.py",)
_TOKENS = (f"{_STORED}/test_tokens.py",)
_ENTRIES = (f"{_STORED}/test_user_entries.py",)
_OVERDUE = (f"{_STORED}/test_overdue.py",)

_SEEN = (
    *removals(
        "session_store/scripts/touch_application.lua",
        _OVERDUE,
        ("a touch brings nothing back that was noted as over", "if not known[2] then", "if false then"),
    ),
    *removals(
        "session_store/scripts/touch_application.lua",
        _ACCESSES,
        (
            "a touch that comes late takes no access back",
            "(not known[3] or tonumber(ARGV[6]) >= tonumber(known[3]))",
            "true",
        ),
        (
            "so many accesses are kept",
            "if oldest and redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[8]) then",
            "if false then",
        ),
        (
            "the access seen longest ago goes first",
            "elseif not oldest or at < oldest[2] then",
            "elseif not oldest or at > oldest[2] then",
        ),
        ("accesses are forgotten in time", "if at < tonumber(ARGV[9]) then", "if false then"),
    ),
    *removals(
        "session_store/scripts/touch_application.lua",
        _FLAGS,
        (
            "a session tells so many changes in an hour",
            "told < tonumber(ARGV[10]) and 1 or 0",
            "1",
        ),
        (
            "in another hour changes are told again",
            "if tonumber(ARGV[1]) - told_at > 3600000 then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/accesses.py",
        _ACCESSES,
        (
            "of workers that move a session the last one is right",
            "if isinstance(latest, bytes) and (used := decode(latest, Context)) != now:",
        ),
    ),
    *removals(
        "session_store/accesses.py",
        _FLAGS,
        ("an unknown country is not another", " - {None}", ""),
    ),
    *removals(
        "session_store/scripts/know.lua",
        _FLAGS,
        (
            "nothing is noted of a user who is gone",
            "if redis.call('EXISTS', KEYS[1]) == 0 then",
            "if false then",
        ),
        ("the same access is told the same again", "(not by or by == ARGV[1])", "not by"),
        ("what is known already is not new", " and (not by or by == ARGV[1])", ""),
        (
            "so much of a kind is known of a user",
            "if not by and #others >= tonumber(ARGV[5]) then",
            "if false then",
        ),
        (
            "what was not seen for long is forgotten",
            "if tonumber(at) < tonumber(ARGV[3]) then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/finish_revocation.lua",
        _FLAGS,
        ("of a deleted user no device is known", "KEYS[5], KEYS[6], KEYS[7])", "KEYS[5], KEYS[6])"),
    ),
    *removals(
        "session_store/activities.py",
        (f"{_UNIT}/test_activities.py",),
        (
            "no access is told that is too old",
            "for row in earlier if row.last_seen >= oldest)",
            "for row in earlier)",
        ),
        (
            "a stored access that cannot be read is told from others",
            "if head is None:\n        raise StoreUnavailable",
            "if head is None:\n        raise ValueError",
        ),
    ),
)

_TOLD = (
    *removals(
        "session_store/events.py",
        _SHAPES,
        ("an event of another format is none", "if value[:2] != _MARK:"),
        (
            "an event's id is one whole",
            "return _ID.fullmatch(text) is not None",
            "return _ID.match(text) is not None",
        ),
        ("the details of an event are cut", "text if len(text) <= _LONGEST_DETAIL else", "text if text else"),
        ("an event has so many details", "[:_MOST_DETAILS]}", "}"),
        ("half a character can be told", 'cut.encode(errors="replace").decode()', "cut"),
    ),
    *removals(
        "session_store/events.py",
        _EVENTS,
        (
            "a position whose events are gone has a gap",
            "return order > (0, 0) and (not first or order < order_of(first[0].id))",
            "return False",
        ),
        (
            "a position to come has a gap",
            "return order[0] > now_ms and (not last or order > order_of(last[0].id))",
            "return False",
        ),
        (
            "what is older than the retention is deleted",
            '("XTRIM", keys.EVENTS, "MINID", max(0, cutoff)),',
            "",
        ),
        (
            "what is told fills no store",
            '("XTRIM", keys.EVENTS, "MAXLEN", "~", _MOST_KEPT),',
            "",
        ),
        (
            "whoever tells trims what is old",
            '("MINID", "~", self._cutoff) if self._cutoff else ()',
            "()",
        ),
        ("one page reads so many events", "for _ in range(_MOST_READ // count):", "for _ in range(1000):"),
        ("an erasure reaches who has no id", 'person != "" and event.details.get(PERSON) == person', "False"),
        (
            "an erasure reaches the author of an event",
            "user_id in (event.user_id, event.actor)",
            "user_id == event.user_id",
        ),
        ("what tells of an erasure stays", "if event.type == _ERASED:"),
    ),
    *removals(
        "session_store/event_tail.py",
        _TAIL,
        ("whoever reads too slowly is told", "if not self.keeps(number):"),
        (
            "at the joint no event is missed",
            "            self._number = number\n",
            "            self._number = self._tail.told\n",
        ),
        ("at the joint no event comes twice", " if order_of(stored.id) > reached)", ")"),
        ("the present begins where it is kept", " and self._tail.keeps(number):", ":"),
        (
            "a position that has a gap says so",
            "self._events, start, gap=gap)",
            "self._events, start, gap=False)",
        ),
    ),
    *removals(
        "session_store/scripts/hold_webhook.lua",
        _TURNS,
        (
            "who lost the turn moves nothing",
            "(ARGV[3] ~= '' or (standing[2] and now < tonumber(standing[2])))",
            "(standing[2] and now < tonumber(standing[2]))",
        ),
        (
            "of all who deliver one has the turn",
            "(ARGV[3] ~= '' or (standing[2] and now < tonumber(standing[2])))",
            "ARGV[3] ~= ''",
        ),
        ("a webhook without deliveries is forgotten", "redis.call('PEXPIRE', KEYS[1], ARGV[4])", ""),
    ),
    *removals(
        "session_store/webhook_turns.py",
        _TURNS,
        ("a webhook's position is an event's id", "if not is_event_id(position):"),
    ),
)

_LISTED = (
    *removals(
        "session_store/tokens.py",
        _TOKENS,
        (
            "the use of a token is noted once a minute",
            "if abs(now - self._used.get(token.id, 0)) < _USE_NOTED_EVERY_MS:",
        ),
        (
            "a use is kept as long as its token",
            "keys.token_use(TokenId(token.id)), now, *life)",
            "keys.token_use(TokenId(token.id)), now)",
        ),
        ("a deleted token leaves no use", '("DEL", keys.token_use(token_id)),', ""),
        (
            "a token that may be on its way stays listed",
            "for token_id in ids if not may_be_under_way(token_id, now)]",
            "for token_id in ids]",
        ),
    ),
    *removals(
        "session_store/indexes.py",
        _ACCESSES,
        (
            "a session is not found where it was used",
            '*(("ZREM", index, member) for index, member in old if (index, member) not in new),',
            "",
        ),
    ),
    *removals(
        "session_store/indexes.py",
        _ENTRIES,
        (
            "an old name finds nobody",
            "for word in _words(before) if word not in kept]",
            "for word in _words(before)[:0]]",
        ),
        ("the words of a deleted user find nobody", '("ZREM", keys.USER_WORDS, *_words(user)), ', ""),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_SEEN, *_TOLD, *_LISTED)
