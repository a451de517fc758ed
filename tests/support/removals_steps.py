"""Checks that are taken away: the steps of a login, where they lead, and the visitor's own list."""

from tests.support.removed_checks import Removal, removals

_LOGIN = "proxy/login"
_UNIT = "tests/unit/proxy/login"
_SESSIONS = "tests/integration/login/test_login_sessions.py"
_ANSWERS = "tests/integration/login/test_login_answers.py"
_POST = "tests/integration/login/test_form_post.py"
_OWN = "tests/integration/session_rules/test_own_sessions.py"
_OTHERS = ("tests/integration/login/test_third_party_login.py",)
_FLOW = (f"{_UNIT}/test_login_flow.py",)
_VISIT = (f"{_UNIT}/test_login_visit.py",)
_COOKIES = (f"{_UNIT}/test_login_cookies.py",)
_KEPT = (f"{_UNIT}/test_login_transaction.py",)
_PLACES = (f"{_UNIT}/test_login_places.py",)
_RETURN = (f"{_UNIT}/test_return_path.py",)

_DECIDED = (
    *removals(
        f"{_LOGIN}/flow.py",
        _FLOW,
        ("a login is begun by a navigation", 'if not visit.navigation or visit.method == "HEAD":'),
        ("a parameter of a login comes once", "if visit.doubles(_LOGIN_PARAMETERS):"),
        (
            "a login is at a provider of its endpoint",
            "if wanted is not None and wanted not in route.providers:",
        ),
    ),
    *removals(
        f"{_LOGIN}/flow.py",
        _OTHERS,
        (
            "a target of another origin is none",
            " if target.startswith(origin) else HOME",
            "",
        ),
        ("an issuer begins logins with its own provider", "if issuer is not None:"),
    ),
    *removals(
        f"{_LOGIN}/flow.py",
        ("tests/integration/login/test_logout.py::test_a_session_of_another_host_is_not_ended",),
        (
            "a browser session counts where it was begun",
            "return browser.scope == visit.host.cookie.scope and now_ms",
            "return now_ms",
        ),
    ),
    *removals(
        f"{_LOGIN}/flow.py",
        (f"{_SESSIONS}::test_the_back_button_after_the_session_ran_out_offers_a_new_login",),
        ("a browser session counts until its end", " and now_ms < browser.expires_at", ""),
    ),
    *removals(
        f"{_LOGIN}/flow.py",
        (f"{_POST}::test_a_post_that_finds_no_login_of_its_provider_and_host_changes_nothing",),
        (
            "what was begun at a host is answered where that host says",
            "begun if begun is not None and site.spoken_to_at(begun) is visit.host else None",
            "begun",
        ),
    ),
    *removals(
        f"{_LOGIN}/transaction.py",
        _KEPT,
        (
            "a login's cookie is compared",
            "return hmac.compare_digest(self.cookie_digest, digest_of(cookie_value))",
            "return True",
        ),
        (
            "what is kept of a login is read as what it is",
            "if kept is None or not kept.startswith(_MARKS[kind]):",
            "if kept is None:",
        ),
        ("a state leads to its own stage alone", 'f"{stage}-state\\0"', 'f"state\\0"'),
    ),
    *removals(
        f"{_LOGIN}/cookies.py",
        _COOKIES,
        ("a login cookie that comes twice has no value", " and name not in found", ""),
        ("a login cookie is of the host's scheme", " and name.startswith(prefix)", ""),
        ("a login cookie has the shape of ours", "_VALUE.fullmatch(value) and ", ""),
        ("logins of one browser are few", "by_age[MOST_LOGINS - 1 :][:_MOST_CLEARED]", "()"),
        (
            "no script reads a login cookie",
            "Max-Age={LOGIN_LIFETIME_S}; HttpOnly; ",
            "Max-Age={LOGIN_LIFETIME_S}; ",
        ),
    ),
    *removals(
        f"{_LOGIN}/visit.py",
        _VISIT,
        ("the edge names address, host and request", "len(parts) == 3 and all(parts)", "len(parts) == 3"),
        ("a page of another site is no page of ours", 'if self.fetch_site not in (None, "same-origin"):'),
        (
            "a page of another origin is no page of ours",
            "return self.origin.lower() == self.host.origin.lower()",
            "return True",
        ),
        ("parameters are few", ", max_num_fields=_MOST_PARAMETERS", ""),
        ("an address is of ASCII", "if not target.isascii():"),
        ("a header that comes twice says nothing", ' if len(values) == 1 else ""', ""),
        ("a script's request is no navigation", 'return mode == "navigate"', "return True"),
    ),
    *removals(
        f"{_LOGIN}/visit.py",
        (f"{_ANSWERS}::test_http_40_a_compressed_body_is_413",),
        (
            "a compressed body is refused",
            'if fields.only(b"content-encoding") not in (None, "identity"):',
        ),
    ),
    *removals(
        f"{_LOGIN}/places.py",
        _PLACES,
        (
            "answers come to the login host alone",
            "(errand not in _ANSWERS or site.spoken_to_at(visit.host) is visit.host)",
            "True",
        ),
        (
            "a callback is posted to only where that was asked for",
            'return (*methods, "POST") if place.by_post else methods',
            'return (*methods, "POST")',
        ),
    ),
)

_LED_BACK = removals(
    f"{_LOGIN}/return_path.py",
    _RETURN,
    ("a return path is short", "if len(text) > LONGEST:"),
    (
        "a return path controls no line",
        "if any(_CONTROL.search(reading) for reading in path_readings + rest_readings):",
    ),
    (
        "a return path stays on the host in every reading",
        "if not all(_stays_here(reading) for reading in path_readings):",
        "if not _stays_here(path):",
    ),
    ("a return path is a path", 'if not path.startswith("/") or ', "if "),
    ("a return path names no host", 'path.startswith("//") or ', ""),
    ("a return path has no backslash", '"\\\\" in path or ', ""),
    ("a return path has no dot segment", " or _DOT_SEGMENT.search(path):", ":"),
    (
        "a return path leads to none of our addresses",
        'return not whole.startswith((RESERVED_PREFIX, *(f"{alias}/" for alias in ALIASES)))',
        "return True",
    ),
    ("a return path is written as a header can carry it", "return quote(kept, safe=_KEPT)", "return kept"),
    ("a return path has no fragment", 'kept = text.partition("#")[0]', "kept = text"),
    ("a return path that is coded without end is none", "    return []\n", "    return readings\n"),
)

_CARRIED_OUT = (
    *removals(
        f"{_LOGIN}/begin.py",
        ("tests/integration/login/test_login_notices.py",),
        (
            "whose session was ended is told so before the next login",
            "        if notice is not None:\n            return answer",
            "        if False:\n            return answer",
        ),
    ),
    *removals(
        f"{_LOGIN}/begin.py",
        (f"{_SESSIONS}::test_sign_in_as_someone_else_ends_the_session_here_and_lets_the_visitor_choose",),
        (
            "who lets somebody else sign in is signed out",
            "        await desk.end_session(visit, EndReason.LOGOUT)\n",
            "",
        ),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (
            f"{_SESSIONS}::test_cookie_02_lessons_6_and_35_a_new_login_has_a_new_cookie_and_the_old_session_is_dead",
        ),
        (
            "a new login ends the session that it replaces",
            "    await desk.end_session(visit, EndReason.REPLACED, browser.user_id)\n",
            "",
        ),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (f"{_SESSIONS}::test_a_login_overtaken_by_the_users_deletion_makes_no_session_and_says_so",),
        (
            "a login counts from when it was begun",
            "begun_at=login.transaction.begun_at,",
            "begun_at=await desk.store.now(),",
        ),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (f"{_ANSWERS}::test_ten_failed_callbacks_a_minute_and_address_then_429_and_others_go_on",),
        ("failed callbacks of an address are limited", "if not await desk.count_failure(visit):"),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_POST}::test_a_doubled_field_is_nobodys_answer_and_uses_nothing_up",),
        (
            "a field of a posted answer comes once",
            "if not state or doubles_protocol(parameters):",
            "if not state:",
        ),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_POST}::test_a_second_post_is_refused_without_a_second_call_and_the_first_still_finishes",),
        (
            "a posted answer uses its login up",
            'if transaction is None or await desk.store.take_login(key_of("login", state)) is None:',
            "if transaction is None:",
        ),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_POST}::test_a_post_that_finds_no_login_of_its_provider_and_host_changes_nothing",),
        (
            "a posted answer is of the provider that was asked",
            "if transaction.provider != provider.name or begun_for",
            "if begun_for",
        ),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_POST}::test_an_answer_after_ten_minutes_is_refused_in_words_whatever_the_store_still_holds",),
        (
            "a posted answer comes within ten minutes",
            "return _Refused(LOGIN_TOO_OLD, transaction) if transaction.is_over(now) else transaction",
            "return transaction",
        ),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_POST}::test_after_a_minute_the_answer_is_gone_and_the_page_leads_to_a_new_login",),
        (
            "a verified answer waits a minute for its browser",
            "encode(arrived), ARRIVED_KEPT_S)",
            "encode(arrived), LOGIN_LIFETIME_S)",
        ),
    ),
    *removals(
        f"{_LOGIN}/desk.py",
        (f"{_ANSWERS}::test_ten_failed_callbacks_a_minute_and_address_then_429_and_others_go_on",),
        ("ten failures of an address are enough", "return count <= MOST_FAILURES", "return True"),
    ),
    *removals(
        f"{_LOGIN}/begin.py",
        ("tests/integration/login/test_login_limits.py",),
        ("logins that are begun are limited by network", "if not await desk.may_begin(visit):"),
    ),
)

_OWN_LIST = (
    *removals(
        f"{_LOGIN}/own_sessions.py",
        (f"{_OWN}::test_a_page_of_another_site_ends_nothing",),
        (
            "another site's button signs out no browser of the list",
            'if visit.method == "POST" and not visit.from_own_page:',
        ),
    ),
    *removals(
        f"{_LOGIN}/own_sessions.py",
        (f"{_OWN}::test_a_form_that_names_not_exactly_one_ends_nothing",),
        ("a form of the list names one browser", "if len(named) != 1:", "if not named:"),
    ),
    *removals(
        f"{_LOGIN}/own_sessions.py",
        (f"{_OWN}::test_a_button_ends_that_browser_alone",),
        (
            "a button of the list ends one browser",
            "for view in views if view.session.id == named[0]}",
            "for view in views}",
        ),
    ),
    *removals(
        f"{_LOGIN}/own_sessions.py",
        (f"{_OWN}::test_a_host_for_logins_alone_has_no_list",),
        ("a host for logins has no list of sessions", "if not visit.host.routes:"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_DECIDED, *_LED_BACK, *_CARRIED_OUT, *_OWN_LIST)
