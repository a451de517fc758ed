"""Checks that are taken away: what is typed, what receivers are sent, what is kept of an address."""

from tests.support.removed_checks import Removal, removals

_TYPED = "tests/integration/cli"
_CLI = "tests/unit/outerward/cli"
_CONFIG = "tests/unit/outerward/config"
_REVOKE = tuple(
    f"{_TYPED}/test_cli_revoke.py::test_{name}"
    for name in (
        "what_cannot_be_ended_is_named_and_the_others_are_ended",
        "nobody_is_asked_where_nobody_sits",
        "a_wrong_command_line_ends_nothing",
        "a_person_sees_what_is_found_and_only_yes_ends_it",
    )
)
"""Those that need no signal, which whoever starts the tests may have had ignored."""
_FAULTS = (
    f"{_TYPED}/test_cli_revoke_faults.py::test_a_part_that_was_not_confirmed_is_repeated_and_that_is_said",
)
_SESSIONS = (f"{_TYPED}/test_cli_sessions.py",)
_USERS = (f"{_TYPED}/test_cli_users.py",)
_EVENTS = tuple(
    f"{_TYPED}/test_cli_events.py::test_{name}"
    for name in (
        "what_is_no_stream_of_events_is_said_to_be_none",
        "where_nothing_can_be_followed_at_first_it_is_69",
        "events_that_were_missed_are_said_to_be_missed",
    )
)
_HOSTILE = (f"{_TYPED}/test_cli_hostile_answers.py",)
_SENT = ("tests/integration/webhooks/test_delivery.py",)
_PLACES = ("tests/integration/webhooks/test_destinations.py",)
_WEBHOOKS = ("tests/unit/outerward/test_webhook_settings.py",)
_ADDRESS = ("tests/unit/proxy/test_client_address.py",)
_TOLD = ("tests/integration/login/test_login_events.py",)
_BLOCKED = ("tests/integration/login/test_blocked_logins.py",)
_BLOCK_NAMED = "test_a_block_without_an_end_names_none_and_another_names_its_minute_rounded_up"
_TOLD_UNTIL = (f"tests/unit/proxy/login/test_login_flow.py::{_BLOCK_NAMED}",)

_COMMANDS = (
    *removals(
        "outerward/cli/selection.py",
        _SESSIONS,
        ("an empty filter is not typed for all", "if value is not None and not value.strip():"),
    ),
    *removals(
        "outerward/cli/selection.py",
        (f"{_CLI}/test_cli_selection.py",),
        ("a wrong filter is a mistake of the command line", "exit_code = 2", "exit_code = 1"),
        (
            "what is told of a filter is one line",
            "shown = printable(message, _LONGEST_MESSAGE)",
            "shown = message",
        ),
    ),
    *removals(
        "outerward/cli/selection.py",
        _REVOKE,
        (
            "a reason is one printable line",
            "if value is not None and (not value.isprintable() or not 1 <= len(value) <= LONGEST_REASON):",
        ),
    ),
    *removals(
        "outerward/cli/revoke.py",
        _REVOKE,
        ("where nobody sits --yes is needed", "elif not can_ask():"),
        ("a person is asked before sessions end", 'ask("End them?", "nothing is ended")', "pass"),
        (
            "sessions are named or found, not both",
            "if bool(session_ids) == (filter_text is not None):",
        ),
        ("what is not ended is not 0", "return 1 if told else 0", "return 0"),
    ),
    *removals(
        "outerward/cli/asking.py",
        _REVOKE,
        (
            "only a yes ends sessions",
            'if answer.strip().lower() != "yes":',
            'if answer.strip().lower() == "no":',
        ),
    ),
    *removals(
        "outerward/cli/ending.py",
        _FAULTS,
        ("what was not confirmed is said", "self.tally = replace(self.tally, repeated=True)", "pass"),
    ),
    *removals(
        "outerward/cli/refusals.py",
        _HOSTILE,
        ("an API that cannot serve is 69", "if status == 503:"),
        ("a refusal is one line", 'f": {printable(message, _LONGEST_MESSAGE)}"', 'f": {message}"'),
    ),
    *removals(
        "outerward/cli/users_command.py",
        _USERS,
        ("where nobody sits a user is not deleted", "if not can_ask():"),
        ("a user is not deleted without a yes", "if not yes:"),
    ),
    *removals(
        "outerward/cli/deadline.py",
        _USERS,
        ("a block is typed until a time to come", "if at < now + timedelta(seconds=1):"),
    ),
    *removals(
        "outerward/cli/export.py",
        _SESSIONS,
        ("a file that breaks off is not whole", "if not part and response.length:"),
        ("a file that is shown acts on no terminal", "if not sys.stdout.isatty():", "if True:"),
    ),
    *removals(
        "outerward/cli/following.py",
        _EVENTS,
        (
            "what is followed is a stream of events",
            'if stream.response.headers.get_content_type() != "text/event-stream":',
        ),
        ("what cannot be reached at first is said", "if not is_begun:"),
        ("missed events are said", "if told.kind == _GAP:"),
    ),
    *removals(
        "outerward/cli/server_sent.py",
        (f"{_CLI}/test_cli_server_sent.py",),
        ("an event without end is refused", "if self._length > LONGEST_EVENT:"),
        ("a position has no null", ' and "\\0" not in value:', ":"),
    ),
    *removals(
        "outerward/cli/people.py",
        (f"{_CLI}/test_cli_people.py",),
        ("only so many users are asked for", "if len(self._known) >= MOST_ASKED:"),
        ("what cannot be an id is not put into a path", "if not can_be_id(user_id):"),
    ),
)

_DELIVERED = (
    *removals(
        "outerward/webhooks/sender.py",
        _PLACES,
        ("a webhook follows no redirect", "allow_redirects=False,", "allow_redirects=True,"),
        ("a webhook's URL is judged before it is used", "self._destinations.check_url(settings.url)", "pass"),
    ),
    *removals(
        "outerward/webhooks/settings.py",
        _PLACES,
        (
            "a private network is spoken to where it is allowed",
            "allow_private_network=self.allow_private_network)",
            "allow_private_network=True)",
        ),
    ),
    *removals(
        "outerward/webhooks/settings.py",
        _WEBHOOKS,
        (
            "a webhook shows no secret",
            'return f"WebhookSettings(events={self.events!r}, ...)"',
            "return super().__repr__()",
        ),
        ("a webhook asks for known events", "if name != ALL_EVENTS and name not in EVENT_TYPES:"),
        ("a webhook asks for some event", "if not settings.events:"),
    ),
    *removals(
        "outerward/webhooks/webhooks.py",
        _PLACES,
        ("no log has a webhook's whole address", "urlsplit(each.url).netloc", "each.url"),
    ),
    *removals(
        "outerward/webhooks/signing.py",
        _WEBHOOKS,
        ("a webhook's secret is long", "if len(secret) < SHORTEST_SECRET:"),
        ("a webhook's key is long and not too long", "if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:"),
        (
            "a webhook's key is strictly encoded",
            "removeprefix(_ENCODED), validate=True)",
            "removeprefix(_ENCODED))",
        ),
        (
            "a signature covers the time",
            'b".".join((message_id.encode(), str(timestamp_s).encode(), body))',
            'b".".join((message_id.encode(), body))',
        ),
        (
            "a signature covers the body",
            'b".".join((message_id.encode(), str(timestamp_s).encode(), body))',
            'b".".join((message_id.encode(), str(timestamp_s).encode()))',
        ),
    ),
    *removals(
        "outerward/webhooks/delivery.py",
        _SENT,
        (
            "who lost the turn delivers no more",
            "            raise _TurnLostError\n",
            "            pass\n",
        ),
        (
            "who waits keeps the turn",
            "            await self._keep_turn()\n            seconds -= step",
            "            seconds -= step",
        ),
        ("an event that is too old is given up", "while not self._is_too_old(stored):", "while True:"),
        (
            "an event that was not taken holds up the next",
            "await self._pause(self._pace.pause_s(attempt))\n            attempt += 1",
            "return",
        ),
        ("only the events asked for are sent", "wanted = self._wants(stored.event.type)", "wanted = True"),
        ("events that are gone are said in the log", "if coming.gap:"),
        (
            "a webhook begins with what comes",
            "self._position = position or await self._store.last_event()",
            'self._position = position or "evt_0_0"',
        ),
    ),
)

_CONFIGURED = (
    *removals(
        "outerward/config/check.py",
        (f"{_CONFIG}/test_config_errors.py",),
        (
            "users are kept for a time within bounds",
            'check_span(problems, ("store", "user_retention"), store.user_retention, USER_RETENTIONS)',
            "pass",
        ),
    ),
    *removals(
        "outerward/config/check.py",
        (f"{_CONFIG}/test_config_webhooks.py",),
        (
            "history is kept for a time within bounds",
            'check_span(problems, ("privacy", "history"), settings.privacy.history, KEPT)',
            "pass",
        ),
        (
            "ended sessions are kept for a time within bounds",
            'check_span(problems, ("privacy", "ended"), settings.privacy.ended, KEPT)',
            "pass",
        ),
        ("webhooks are checked", "    _check_webhooks(settings, problems)\n", ""),
        ("a webhook that is misread is not judged too", 'if not problems.sound(("webhook", i)):'),
    ),
    *removals(
        "outerward/wiring.py",
        (f"{_CONFIG}/test_config_privacy.py",),
        ("the store is told how long to keep history", "settings.privacy.history // _MILLISECOND", "0"),
        (
            "the edge keeps as much of addresses as is configured",
            "keep_for(settings.privacy.ip)",
            'keep_for("full")',
        ),
    ),
)

_VISITED = (
    *removals(
        "proxy/context/client_address.py",
        _ADDRESS,
        (
            "of an address its network is kept",
            'return kept_whole if privacy == "full" else kept_network',
            "return kept_whole",
        ),
        (
            "no address within an address is kept",
            "_KEPT_V6 if parsed.sixtofour is None else _KEPT_6TO4",
            "_KEPT_V6",
        ),
        (
            "what is no address is not kept",
            'if parsed is None:\n        return ""',
            "if parsed is None:\n        return address",
        ),
    ),
    *removals(
        "proxy/access_log.py",
        ("tests/unit/proxy/test_access_log.py",),
        (
            "a line has of an address what may be kept",
            "_printable(kept(record.client))",
            "_printable(record.client)",
        ),
        (
            "a combined line has of an address what may be kept",
            "_field(kept(record.client))",
            "_field(record.client)",
        ),
    ),
    *removals(
        "proxy/context/contexts.py",
        ("tests/integration/login/test_truncated_addresses.py",),
        (
            "a context has of an address what may be kept",
            "ip_address=self.kept(address),",
            "ip_address=address,",
        ),
    ),
    *removals(
        "proxy/login/visit.py",
        ("tests/unit/proxy/login/test_login_visit.py",),
        ("a login has of an address what may be kept", "Caller(kept(parts[0]), ", "Caller(parts[0], "),
        (
            "a visit shows no whole address",
            "whole_address: str = field(repr=False)",
            "whole_address: str = field()",
        ),
    ),
    *removals(
        "proxy/login/finish.py",
        _TOLD,
        ("a login is told", "await tell_login(desk, visit, login, browser.user_id)", "pass"),
        (
            "a flood of refusals is not told",
            "if await desk.count_failure(visit):",
            "if await desk.count_failure(visit) or True:",
        ),
    ),
    *removals(
        "proxy/login/tell.py",
        _TOLD,
        (
            "a refusal names the person by a hash",
            "PERSON: person_hash(user_tag(principal.issuer, principal.subject)),",
            "",
        ),
        ("a login does not hang on what it tells", "with suppress(StoreUnavailable):", "with suppress():"),
    ),
    *removals(
        "proxy/login/finish.py",
        _BLOCKED,
        ("who is blocked is told so", "except LoginBlocked as error:", "except () as error:"),
    ),
    *removals(
        "proxy/login/notices.py",
        _TOLD_UNTIL,
        (
            "a block is told until a minute that is not too early",
            "minute_of(until_ms + _MINUTE_MS - 1)",
            "minute_of(until_ms)",
        ),
        ("a block that ends by itself says when", "if until_ms is None:", "if True:"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_COMMANDS, *_DELIVERED, *_CONFIGURED, *_VISITED)
