"""Checks that are taken away: which session passes, what stands for it, and what it is held to."""

from tests.support.removed_checks import Removal, removals

_PROXY = "tests/unit/proxy"
_TOGETHER = "tests/integration/session_rules"
_SHARED = "tests/integration/login/test_shared_cookie.py"
_IDENTITY = f"{_TOGETHER}/test_identity_tokens.py"
_WHERE = f"{_TOGETHER}/test_pins.py"
_GATE = tuple(
    f"{_PROXY}/test_gate.py::test_{name}"
    for name in (
        "a_record_of_somebody_whom_the_rules_refuse_is_forbidden_by_name",
        "a_session_ends_in_the_very_millisecond_that_it_expires",
        "a_session_by_another_provider_than_the_routes_is_none",
        "bytes_that_are_not_this_sessions_record_are_unavailable",
        "lines_are_sent_for_as_long_as_they_hold_and_then_made_anew",
        "memory_of_decoded_records_is_bounded",
        "any_other_browser_session_is_refused_with_its_reason",
        "a_browser_session_of_another_cookie_is_unavailable",
        "an_endpoint_may_allow_less_time_than_the_login_lasts_but_never_more",
    )
)
"""Those that need no long search for an example."""
_COOKIE = (f"{_PROXY}/test_session_cookie.py",)
_COOKIES = (f"{_PROXY}/test_cookie_header.py",)
_HEADERS = (f"{_PROXY}/test_identity_headers.py",)
_CREDENTIALS = (f"{_PROXY}/test_credentials.py",)
_JWT = (f"{_PROXY}/test_identity_jwt.py",)
_PINS = ("tests/unit/session_store/test_pins.py",)
_TOKENS = ("tests/unit/session_store/test_access_tokens.py",)
_LIMIT = ("tests/integration/session_store/test_session_limit.py",)
_CONFIG = ("tests/unit/outerward/config/test_config_session_rules.py",)
_ERRORS = ("tests/unit/outerward/config/test_config_errors.py",)

_JUDGED = (
    *removals(
        "proxy/gate.py",
        _GATE,
        (
            "a record is of the cookie that was asked for",
            "if session.cookie_hash != cookie_hash or session.endpoint.id",
            "if session.endpoint.id",
        ),
        ("a session ends when it expires", "if now_ms >= session.expires_at:"),
        (
            "a session is by a provider of its endpoint",
            "if session.principal.provider not in route.providers:",
        ),
        (
            "an end is of the session that was asked for",
            "if tombstone.cookie_hash != cookie_hash or tombstone.endpoint_id != route.endpoint.id:",
        ),
        ("lines are sent for as long as they hold", " or now_ms >= known.holds_until_ms:", ":"),
        ("what is remembered of records is bounded", "if len(self._decoded) >= _MOST_DECODED:"),
        ("a first visit is with the cookie of its login", "if browser.cookie_hash != cookie_hash:"),
        (
            "a first visit is in the reach of its cookie",
            "if browser.scope != route.cookie.scope or browser",
            "if browser",
        ),
        (
            "a first visit is by a provider of its endpoint",
            " or browser.principal.provider not in route.providers:",
            ":",
        ),
        ("a first visit is within the time of its login", "if now_ms >= expiry_at(browser, route):"),
        (
            "the rules of an endpoint are asked at a first visit",
            "if not allowed(route.rules, identity_of(browser.principal)):",
        ),
        (
            "the rules of an endpoint are asked of every record",
            "if not allowed(route.rules, identity_of(session.principal)):",
        ),
        (
            "an endpoint may allow less time than the login lasts",
            "return min(browser.expires_at, browser.issued_at + route.max_session_s * 1000)",
            "return browser.expires_at",
        ),
    ),
    *removals(
        "proxy/session_cookie.py",
        _COOKIE,
        (
            "no other host sets a host's cookie",
            '"__Host-outerward" if secure else "outerward"',
            '"outerward"',
        ),
        ("a host called like the domain does not count for it", 'f".{domain}", secure', "domain, secure"),
        (
            "a shared cookie reaches whole labels",
            'f".{hostname}".endswith(f".{self.domain}")',
            "hostname.endswith(self.domain)",
        ),
        (
            "no script reads a session cookie, and no other site sends it",
            "{value}; Path=/; HttpOnly; SameSite=Lax{",
            "{value}; Path=/{",
        ),
        ("a session cookie goes over https", ' + ("; Secure" if self.secure else "")', ""),
        (
            "a shared cookie goes with its namesake",
            "return (whole, start + secure) if self.domain else (whole,)",
            "return (whole,)",
        ),
    ),
    *removals(
        "proxy/cookie_header.py",
        _COOKIES,
        ("two session cookies are none", "found[0] if len(found) == 1 and", "found[0] if found and"),
        ("a session cookie has the shape of ours", " and _VALUE.fullmatch(found[0])", ""),
        ("no upstream receives a cookie of ours", "and not _OURS.fullmatch(name) ", ""),
        ("no upstream receives a shared cookie", "name not in also_ours and ", ""),
        ("no upstream sets a cookie of ours without a name", '.lstrip(b"= \\t")', ""),
        ("no upstream sets a shared cookie", "return name in also_ours or ", "return "),
    ),
    *removals(
        "proxy/standing.py",
        (f"{_SHARED}::test_cookie_12_no_upstream_under_the_domain_receives_the_shared_cookie",),
        ("a host knows the shared cookies that reach it", ", route.domain_cookies)", ")"),
    ),
    *removals(
        "proxy/answer_head.py",
        (f"{_PROXY}/test_answer_head.py",),
        (
            "no upstream sets a cookie of ours",
            "if internal or not sets_our_cookie(line[1], our_cookies):",
            "if True:",
        ),
    ),
)

_STANDS_FOR_IT = (
    *removals(
        "proxy/identity_headers.py",
        _HEADERS,
        (
            "a header has no control characters",
            "if any(ord(character) < 32 or ord(character) == 127 for character in value):",
        ),
        (
            "a header tells no e-mail that nobody verified",
            'return principal.email if principal.email_verified else ""',
            "return principal.email",
        ),
        ("a comma in a group makes no second group", 'group.replace(",", "%2C")', "group"),
    ),
    *removals(
        "proxy/identity_jwt.py",
        _JWT,
        (
            "a signed identity tells no e-mail that nobody verified",
            'email = principal.email if principal.email_verified else ""',
            "email = principal.email",
        ),
        ("a signed identity is good for a minute", '"exp": now_s + LIFE_S,', '"exp": now_s + 9**9,'),
        (
            "a signed identity is for one endpoint",
            '"aud": route.endpoint.public_url,',
            '"aud": route.origin,',
        ),
        (
            "all workers sign with the key that was first",
            "key = ECKey.import_key(settled,",
            "key = ECKey.import_key(proposal,",
        ),
    ),
    *removals(
        "proxy/identity_jwt.py",
        (f"{_IDENTITY}::test_the_document_has_one_public_key_on_an_elliptic_curve_and_nothing_private",),
        (
            "of the key that signs identities the public part is shown",
            "as_dict(private=False)",
            "as_dict(private=True)",
        ),
    ),
    *removals(
        "proxy/credentials.py",
        _CREDENTIALS,
        ("an access token goes where it was asked for", "if route.pass_access_token:", "if True:"),
        ("a signed identity goes where it was asked for", "if route.identity_jwt:", "if True:"),
        ("a signed identity is made anew in time", "until = now_ms + REUSED_MS", "until = FOR_GOOD"),
    ),
    *removals(
        "session_store/access_tokens.py",
        _TOKENS,
        (
            "an access token is of use under its own cookie",
            'return b"access-token:" + keys.tag(cookie_hash)',
            'return b"access-token:"',
        ),
    ),
)

_HELD_TO = (
    *removals(
        "session_store/pins.py",
        _PINS,
        ("what a session is held to has not changed", "if before and after and before != after:"),
        ("what is not known is no change", "if before and after and before != after:", "if before != after:"),
        (
            "a host that changes its address within its network is the same",
            "int(address) >> _HOST_BITS << _HOST_BITS",
            "int(address)",
        ),
        (
            "an address is the same in both of its spellings",
            "if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:",
        ),
    ),
    *removals(
        "session_store/limits.py",
        _LIMIT,
        (
            "no more sessions stay than a user may have",
            "for other in others[: max(0, len(others) + 1 - allowed)]:",
            "for other in ():",
        ),
        (
            "the oldest sessions make way",
            "others.sort(key=lambda other: (other.created_at, other.id))",
            "others.sort(key=lambda other: (other.created_at, other.id), reverse=True)",
        ),
        (
            "sessions from before a limit count",
            "came_before = had_a_turn | {",
            "came_before = had_a_turn or {",
        ),
    ),
    *removals(
        "session_store/scripts/order_application.lua",
        _LIMIT,
        (
            "of two that come at once the later one makes place",
            "redis.call('ZADD', KEYS[1], (tonumber(last[2]) or 0) + 1, ARGV[1])\n",
            "",
        ),
    ),
)

_PINNED = (
    *removals(
        "proxy/exchange.py",
        (f"{_WHERE}::test_a_change_ends_the_session_everywhere_and_for_good",),
        (
            "a session that is used from elsewhere is looked at",
            "if route.pins and self._changed_pin(session, request, route) is not None:",
        ),
    ),
    *removals(
        "proxy/exchange.py",
        (f"{_WHERE}::test_a_first_visit_to_another_endpoint_is_no_way_around_a_pin",),
        ("a first visit elsewhere is no way around a pin", "if elsewhere is not None:"),
    ),
)

_CONFIGURED = (
    *removals(
        "outerward/config/session_rules.py",
        _CONFIG,
        ("a shared cookie is of no public suffix", "if not _public_suffixes().is_private(domain):"),
        (
            "a shared cookie is of a domain",
            'if addresses.is_ip_address(domain) or "." not in domain:',
        ),
        ("a cookie's prefix makes a name", "if not _PREFIX.fullmatch(tunnel.cookie_prefix):"),
        (
            "a cookie's prefix means nothing else",
            "elif tunnel.cookie_prefix.lower().startswith(_RESERVED_PREFIXES):",
        ),
        ("a host is under the domain of its cookie", "if cookie.domain and outside:"),
        (
            "a host has one session cookie",
            "elif cookies.setdefault(hostname, cookie) != cookie:",
        ),
        (
            "no two cookies of one name reach one host",
            "if other.name == cookie.name and other != cookie and other.reaches(hostname) and cookie.domain:",
        ),
        (
            "a login host is on https",
            "if not origin.secure and not settings.edge.insecure_http and not addresses.is_local(hostname):",
        ),
        (
            "a login host takes no answer that nobody asked for",
            "if isinstance(provider, SamlSettings) and provider.allow_idp_initiated:",
        ),
    ),
    *removals(
        "outerward/config/session_rules.py",
        _ERRORS,
        (
            "a limit of sessions is one that can be",
            " and not 0 <= tunnel.session_limit <= MOST_SESSIONS:",
            " and False:",
        ),
        (
            "a country that nobody can know holds no session",
            'if "country" in tunnel.pin and not settings.geoip.databases and problems.sound((*key, "pin")):',
        ),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_JUDGED, *_STANDS_FOR_IT, *_HELD_TO, *_PINNED, *_CONFIGURED)
