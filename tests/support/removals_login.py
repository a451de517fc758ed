"""Checks that are taken away: which browser a login or logout belongs to, and what happens only once."""

from tests.support.removed_checks import Edit, Removal, removals

_LOGIN = "proxy/login"
_UNIT = "tests/unit/proxy/login"
_FLOW = (f"{_UNIT}/test_login_flow.py",)
_FORMS = (f"{_UNIT}/test_login_forms.py",)
_PLACES = (f"{_UNIT}/test_login_places.py",)
_ANSWERS = "tests/hostile/test_saml_answers.py"
_REQUESTS = "tests/hostile/test_saml_logout_requests.py"
_LOGINS = "tests/integration/saml/test_saml_logins.py"
_HERE = "tests/integration/saml/test_saml_logout_here.py"
_NAMED = ("tests/integration/session_store/test_named.py",)
_ONCE = ("tests/integration/session_store/test_once.py",)

_DECIDED = (
    *removals(
        f"{_LOGIN}/flow.py",
        _FLOW,
        ("a login is answered within ten minutes", "if transaction.is_over(now):"),
        ("a login belongs to the browser with its cookie", "if transaction.belongs_to(cookie.value)]", "]"),
        (
            "a login is answered on the host where it began",
            "transaction.hostname != visit.host.hostname or ",
            "",
        ),
        (
            "a login is answered by the provider that was asked",
            " or transaction.provider != provider:\n",
            ":\n",
        ),
        (
            "the endpoint still has that provider",
            "if route is None or provider not in route.providers:",
            "if route is None:",
        ),
        (
            "a return path is checked again at use",
            "return_path = own_path(visit.host, transaction.return_path)",
            "return_path = transaction.return_path",
        ),
        (
            "a protocol parameter comes once",
            "if not state or doubles_protocol(visit.parameters):",
            "if not state:",
        ),
        ("another site's button begins no login", 'if visit.method == "POST" and not visit.from_own_page:'),
        (
            "another site's button signs nobody out",
            'return "leave" if visit.from_own_page else FOREIGN_ORIGIN',
            'return "leave"',
        ),
        ("another site's link signs nobody out", ' and visit.fetch_site in {"same-origin", "none"}', ""),
        ("a prefetch signs nobody out", " and not visit.prefetch", ""),
    ),
    *removals(
        f"{_LOGIN}/places.py",
        (f"{_UNIT}/test_login_places_apart.py",),
        (
            "an address exists where the provider is used",
            "for name in site.providers_at(visit.host):",
            "for name in providers:",
        ),
    ),
    *removals(
        f"{_LOGIN}/places.py",
        _PLACES,
        ("a HEAD uses no callback up", 'Errand.CALLBACK: ("GET",),', 'Errand.CALLBACK: ("GET", "HEAD"),'),
        ("a body is read where a form is expected", "place.errand in _FORMS if", "True if"),
    ),
    *removals(
        f"{_LOGIN}/forms.py",
        _FORMS,
        ("a form is of the type of forms", "if request.content_type != _FORM_TYPE:"),
        ("a form that says it is too large is not read", "if (request.content_length or 0) > LARGEST_FORM:"),
        ("a form is read to its limit and no further", "if len(body) > LARGEST_FORM:"),
        ("forms held at once are bounded", "if self._held > MOST_HELD:"),
        ("a form of coded octets alone is none", 'if body.count(b"%") > len(body) // 8 + 1000:'),
        ("a form has at most twenty fields", "_MOST_FIELDS = 20", "_MOST_FIELDS = 2000"),
    ),
)

_ARRIVE = f"{_LOGIN}/arrive.py"
_USED_ONCE = "completed.replay is not None and not await desk.store.use_once(\n"
_NEVER_USED = "completed.replay is not None and None is await desk.store.use_once(\n"

_ARRIVED = (
    Removal(
        "an answer is taken by one login only",
        (
            Edit(_ARRIVE, _USED_ONCE, _NEVER_USED),
            Edit(
                _ARRIVE,
                "if not await desk.store.use_once(_answered(state), ",
                "if None is (_answered(state), ",
            ),
            Edit(
                _ARRIVE,
                '    await desk.store.take_login(key_of("login", state))\n    return await _go_on',
                "    return await _go_on",
            ),
        ),
        (f"{_ANSWERS}::test_saml_13_an_answer_that_was_used_is_refused_everywhere",),
    ),
    Removal(
        "answers to nothing are limited by address",
        (
            Edit(_ARRIVE, "if transaction is None and await desk.is_limited(visit):", "if False:"),
            Edit(_ARRIVE, "if not within_limit:", "if False:"),
        ),
        (f"{_ANSWERS}::test_saml_answers_to_nothing_are_limited_by_address_and_a_good_login_is_not",),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (f"{_ANSWERS}::test_saml_the_redirect_by_post_does_not_take_an_answer_that_was_asked_for",),
        (
            "a button takes no answer that was asked for",
            'stage: Stage = "asked" if visit.method == "POST" else "answered"',
            'stage: Stage = "answered"',
        ),
    ),
    *removals(
        f"{_LOGIN}/provider_logout.py",
        (
            "tests/hostile/test_logout_faults.py::test_a_provider_whose_keys_cannot_be_had_now_is_asked_to_send_it_again",
        ),
        ("a logout that cannot be judged can be sent again", "if error.reason in _UNJUDGED:"),
    ),
)

_CARRIED_OUT = (
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_ANSWERS}::test_saml_13_one_assertion_is_not_good_for_two_logins_whatever_message_it_is_in",),
        (
            "an assertion counts once",
            _USED_ONCE,
            _NEVER_USED,
        ),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_ANSWERS}::test_saml_a_form_that_is_not_the_bindings_is_refused_and_uses_nothing_up",),
        ("an answer's fields come once", " or len(names) != len(set(names))", ""),
    ),
    *removals(
        f"{_LOGIN}/arrive.py",
        (f"{_ANSWERS}::test_saml_after_ten_bad_answers_a_login_is_given_up",),
        (
            "after ten bad answers a login is given up",
            "LOGIN_LIFETIME_S) >= MOST_TRIES:",
            "LOGIN_LIFETIME_S) < 0:",
        ),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (f"{_LOGINS}::test_an_unasked_answer_where_allowed_names_the_account_and_asks",),
        (
            "an unasked answer is confirmed from our own page",
            'if visit.method == "POST" and not visit.from_own_page:',
        ),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        ("tests/integration/saml/test_saml_session_over.py",),
        ("a session that is over begins none here", "if ends_at <= now:"),
    ),
    *removals(
        f"{_LOGIN}/turns.py",
        (f"{_UNIT}/test_login_turns.py",),
        ("messages that wait for a turn are bounded", "if self._waiting >= MOST_WAITING:"),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (f"{_LOGINS}::test_the_end_of_the_providers_session_ends_ours",),
        ("the provider's session bounds ours", "if completed.ends_at is not None:"),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (
            "tests/hostile/test_saml_answers.py::test_saml_13_the_redirect_after_an_answer_makes_one_session_only",
        ),
        (
            "a verified answer makes one session",
            "if isinstance(login, Accepted) and await desk.store.take_login(key_of(stage, state)) is None:",
        ),
    ),
    *removals(
        f"{_LOGIN}/finish.py",
        (
            "tests/integration/login/test_login_sessions.py::test_an_account_that_the_rules_refuse_gets_a_page_with_its_name_and_no_session_and_no_user",
        ),
        ("the rules of the endpoint are kept", "if not allowed(login.route.rules, completed.identity):"),
    ),
    *removals(
        f"{_LOGIN}/provider_logout.py",
        (f"{_REQUESTS}::test_saml_34_a_logout_request_counts_once",),
        (
            "a logout demand counts once",
            "if demand.replay is not None and await desk.store.was_used(demand.replay.key):",
        ),
        (
            "a logout demand is noted when it was carried out",
            "    if demand.replay is not None:\n        await",
            "    if False:\n        await",
        ),
    ),
    *removals(
        f"{_LOGIN}/provider_logout.py",
        (f"{_REQUESTS}::test_saml_34_invalid_ones_are_limited_for_the_provider_and_good_ones_never",),
        ("invalid logout messages are limited", "if count > MOST_INVALID:"),
    ),
    *removals(
        f"{_LOGIN}/provider_logout.py",
        (f"{_HERE}::test_an_answer_counts_once",),
        (
            "an answer to a logout counts once",
            '    await desk.store.take_login(key_of("logout", state))\n',
            "",
        ),
    ),
    *removals(
        f"{_LOGIN}/provider_logout.py",
        (f"{_HERE}::test_a_partial_logout_is_said_to_be_one",),
        ("a partial logout is told as one", '"" if heard.everywhere else SIGNED_OUT_PARTLY', '""'),
    ),
    *removals(
        f"{_LOGIN}/leave.py",
        (f"{_HERE}::test_a_logout_here_ends_the_session_first_and_then_asks_the_provider",),
        (
            "a logout ends the session here first",
            "await desk.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, session.user_id)",
            "pass",
        ),
    ),
    *removals(
        f"{_LOGIN}/leave.py",
        ("tests/hostile/test_logout_redirects.py::test_r2_the_state_of_another_host_leads_nowhere",),
        (
            "a logout's state is of its own host",
            "begun_for(desk.site, visit, under_way.hostname) if under_way is not None else None",
            "visit.host if under_way is not None else None",
        ),
    ),
)

_STORED = (
    *removals(
        "session_store/scripts/index_name.lua",
        _NAMED,
        (
            "an end overtakes a login that began before it",
            "if ended and tonumber(ended) >= begun then",
            "if false then",
        ),
        (
            "a login too old to know of an end is refused",
            "if time[1] * 1000000 + time[2] >= begun + tonumber(ARGV[4]) * 1000 then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/scripts/end_name.lua",
        _NAMED,
        (
            "an end is noted where nothing is entered yet",
            "redis.call('SET', KEYS[2], string.format('%.0f', now), 'PX', ARGV[1])\n",
            "",
        ),
        ("the time of an end never falls", "if known and tonumber(known) > now then", "if false then"),
    ),
    *removals(
        "session_store/named.py",
        _NAMED,
        ("a login is refused by any of its names", "if 0 in entered:"),
        ("an end goes on until all are ended", "if len(found) < 2 * _READ_AT_ONCE:", "if True:"),
    ),
    *removals(
        "session_store/records.py",
        ("tests/unit/session_store/test_names.py",),
        (
            "where an issuer ends is part of a name",
            'b"%d:%b%b" % (len(of), of, called)',
            'b"%b%b" % (of, called)',
        ),
    ),
    *removals(
        "session_store/scripts/end_browser.lua",
        ("tests/integration/session_store/test_memory.py",),
        ("what a login left goes with its session", "redis.call('DEL', KEYS[4])\n", ""),
    ),
    *removals(
        "session_store/scripts/use_once.lua",
        _ONCE,
        ("of two workers one is first", "'NX', ", ""),
        (
            "nothing is used after its time",
            "if tonumber(ARGV[1]) <= time[1] * 1000 + time[2] / 1000 then",
            "if false then",
        ),
    ),
    *removals(
        "session_store/once.py",
        _ONCE,
        ("what was settled first stands", ', sealed, "NX")', ", sealed)"),
        ("what no secret opens is not replaced", "if settled is None:"),
    ),
)

REMOVALS = (*_DECIDED, *_ARRIVED, *_CARRIED_OUT, *_STORED)
