"""Checks that are taken away: what is written of a session, what never comes back, what is asked again."""

from tests.support.removed_checks import Removal, removals

_STORED = "tests/integration/session_store"
_TOGETHER = "tests/integration/session_rules"
_REFRESHES = (f"{_STORED}/test_refreshes.py",)
_SESSIONS = (f"{_STORED}/test_sessions.py",)
_LOGINS = (f"{_STORED}/test_logins.py",)
_RACES = f"{_STORED}/test_deletion_races.py"
_REFRESHED = f"{_TOGETHER}/test_refreshed.py"

_SAID_AGAIN = (
    *removals(
        "session_store/refreshes.py",
        _REFRESHES,
        (
            "a refresh tells of the session's own user",
            "if user_tag(principal.issuer, principal.subject) != browser.user_tag:",
        ),
        ("a turn to refresh has a holder", "if not holder:"),
        (
            "of two refreshes the first counts",
            'isinstance(standing, bytes) and _is_record_of(standing, browser) else b""',
            'isinstance(standing, bytes) else b""',
        ),
        (
            "a refresh leaves the record of a user who came anew",
            "if known.id != said.user_id or known.principal == said.principal:",
            "if known.principal == said.principal:",
        ),
    ),
    *removals(
        "session_store/scripts/begin_refresh.lua",
        _REFRESHES,
        ("of all who ask one has the turn to refresh", "'NX', ", ""),
        ("what was put off is nobody's turn", "if holder == '' then", "if false then"),
        ("a turn to refresh is its holder's", "if holder ~= ARGV[1] then", "if false then"),
    ),
    *removals(
        "session_store/scripts/hold_refresh.lua",
        _REFRESHES,
        (
            "nobody prolongs another's turn",
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/finish_refresh.lua",
        _REFRESHES,
        (
            "a refresh writes over what it read alone",
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then",
            "if false then",
        ),
        (
            "a refresh gives its own turn back alone",
            "if redis.call('GET', KEYS[5]) == ARGV[5] then",
            "if true then",
        ),
        (
            "a refresh writes over application sessions that it read",
            "if i and standing == ARGV[i + 1] then",
            "if i then",
        ),
        (
            "a refresh changes no life",
            "redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')",
            "redis.call('SET', KEYS[1], ARGV[2])",
        ),
    ),
    *removals(
        "session_store/scripts/renew_application.lua",
        _REFRESHES,
        (
            "nothing catches up with a browser session that changed",
            "redis.call('GET', KEYS[1]) ~= ARGV[1] or ",
            "",
        ),
        (
            "nothing that changed catches up",
            " or redis.call('GET', KEYS[2]) ~= ARGV[2]",
            "",
        ),
    ),
    *removals(
        "session_store/scripts/renew_user.lua",
        (f"{_STORED}/test_refresh_races.py",),
        (
            "a refresh loses nothing of a user's login",
            "if redis.call('GET', KEYS[1]) ~= ARGV[1] then",
            "if false then",
        ),
    ),
)

_WRITTEN = (
    *removals(
        "session_store/scripts/start_browser.lua",
        _LOGINS,
        ("a cookie in use is given to no other login", "'NX', ", ""),
    ),
    *removals(
        "session_store/scripts/put_user.lua",
        _LOGINS,
        (
            "a deletion overtakes a login that began before it",
            "if known[2] and tonumber(known[2]) >= tonumber(ARGV[3]) then",
            "if false then",
        ),
        (
            "logins of one person at once make one user",
            "if (standing and cmsgpack.unpack(string.sub(standing, 3))[1] or '') ~= ARGV[1] then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/start_application.lua",
        (f"{_STORED}/test_races.py", *_SESSIONS),
        (
            "no application session begins after its browser session ended",
            "if string.sub(browser, 1, 1) ~= 'B' then",
            "if false then",
        ),
        ("an application session begins once", "if standing then", "if false then"),
        (
            "what went idle does not begin anew",
            "if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/start_application.lua",
        (*_REFRESHES, f"{_STORED}/test_refresh_races.py"),
        (
            "an application session begins with what was said last",
            "if browser ~= ARGV[8] then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/touch_application.lua",
        (f"{_STORED}/test_races.py", *_SESSIONS),
        (
            "a touch never revives a session",
            "if redis.call('GETRANGE', KEYS[1], 0, 0) ~= 'A' then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/touch_user.lua",
        _SESSIONS,
        (
            "a touch leaves no trace of a deleted user",
            "if redis.call('EXISTS', KEYS[1]) == 0 then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/end_application.lua",
        (f"{_STORED}/test_races.py",),
        (
            "the end of an application session is its first",
            "if not record or string.sub(record, 1, 1) ~= 'A' then",
            "if not record then",
        ),
    ),
    *removals(
        "session_store/scripts/end_browser.lua",
        (f"{_STORED}/test_ends.py", f"{_STORED}/test_named.py"),
        (
            "the end of a browser session is its first",
            "if string.sub(standing, 1, 1) ~= 'B' then",
            "if false then",
        ),
        ("what ended before it was written does not come", "if life > 0 then", "if false then"),
    ),
    *removals(
        "session_store/scripts/user_sessions.lua",
        (f"{_RACES}::test_two_deletions_of_one_user_spare_who_signs_in_after_the_first",),
        (
            "a deletion ends the sessions of its own user",
            "if not record or cmsgpack.unpack(string.sub(record, 3))[1] ~= ARGV[1] then",
            "if not record then",
        ),
    ),
    *removals(
        "session_store/scripts/finish_revocation.lua",
        (
            f"{_RACES}::test_a_login_under_way_never_survives_the_deletion_of_its_user",
            f"{_RACES}::test_a_slow_deletion_spares_who_signed_in_and_out_after_a_faster_one",
        ),
        (
            "a user is gone when none of the sessions is there",
            "if redis.call('ZCARD', KEYS[3]) > 0 then",
            "if false then",
        ),
        (
            "a deletion spares who signed in after another",
            "if not record or cmsgpack.unpack(string.sub(record, 3))[1] ~= ARGV[1] then",
            "if not record then",
        ),
    ),
)

_ASKED = (
    *removals(
        "proxy/refresher.py",
        (
            f"{_REFRESHED}::test_oidc_28_whoever_a_provider_of_any_kind_speaks_of_must_be_the_sessions_own_person",
        ),
        (
            "a provider speaks of the session's own person",
            "elif not _is_same(completed.identity, browser):",
        ),
    ),
    *removals(
        "proxy/refresher.py",
        (f"{_REFRESHED}::test_who_lost_a_group_is_out_where_it_counts_and_goes_on_elsewhere",),
        (
            "the rules are asked of what was said again",
            "if route is not None and not allowed(route.rules, completed.identity):",
        ),
    ),
    *removals(
        "proxy/refresher.py",
        (f"{_REFRESHED}::test_oidc_28_and_29_a_provider_that_says_no_ends_the_session",),
        ("a provider that says no ends the session", "if error.reason in _SAYS_NO:"),
    ),
    *removals(
        "proxy/refresher.py",
        (f"{_REFRESHED}::test_a_session_that_nothing_can_be_asked_with_ends",),
        (
            "a session that nothing can be asked with ends",
            'await self._end(browser, "cannot_be_asked", "it gave nothing to ask again with")',
            "return True",
        ),
    ),
    *removals(
        "proxy/exchange.py",
        (f"{_REFRESHED}::test_who_lost_a_group_is_not_let_in_by_a_first_visit_after_the_interval",),
        (
            "a first visit goes by the age of its login",
            "worker.refresher.due(verdict.session, route) is Due.NOW",
            "False",
        ),
    ),
    *removals(
        "proxy/refresher.py",
        (
            f"{_TOGETHER}/test_refresh_together.py::test_who_is_refused_because_a_slow_one_was_faster_ends_nothing",
        ),
        (
            "a refusal of a token that another used ends nothing",
            "standing.refreshed_at > browser.refreshed_at",
            "False",
        ),
    ),
    *removals(
        "proxy/exchange.py",
        (f"{_REFRESHED}::test_who_lost_a_group_is_out_where_it_counts_and_goes_on_elsewhere",),
        (
            "a request waits where what was said holds no more",
            "return due is Due.NOW",
            "return False",
        ),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_SAID_AGAIN, *_WRITTEN, *_ASKED)
