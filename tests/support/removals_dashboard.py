"""Checks that are taken away: who is signed in to the dashboard, what a call with its cookie must have."""

from tests.support.removed_checks import Removal, removals

_STORE = ("tests/integration/session_store/test_dashboard_sessions.py",)
_TOGETHER = ("tests/integration/admin_api/test_administration.py",)
_HOSTILE = ("tests/hostile/test_admin_dashboard.py",)
_COOKIE = ("tests/unit/admin_api/test_admin_cookie.py",)
_ADDRESS = ("tests/unit/admin_api/test_own_address.py",)
_FLOW = ("tests/unit/admin_api/test_api_events_flow.py",)

_KEPT = (
    *removals(
        "session_store/dashboard_sessions.py",
        _STORE,
        (
            "a session of the dashboard is over after eight hours",
            "min(session.began_at + LONGEST_MS, session.used_at + IDLE_MS)",
            "session.used_at + IDLE_MS",
        ),
        (
            "a session of the dashboard ends after an hour without use",
            "min(session.began_at + LONGEST_MS, session.used_at + IDLE_MS)",
            "session.began_at + LONGEST_MS",
        ),
        (
            "the record of a session of the dashboard goes by itself",
            ', "XX", "PX", life)',
            ', "XX")',
        ),
        ("no use revives a session of the dashboard", ', "XX", "PX", life)', ', "PX", life)'),
        (
            "a session of the dashboard ends with its token",
            "            if token is None:\n                return None\n",
            "",
        ),
        (
            "to look at a session of the dashboard is no use of it",
            "        if in_use:\n",
            "        if True:\n",
        ),
        ("a one-time link is used once", '"GETDEL"', '"GET"'),
        ("a one-time link holds for a minute", ', token.id, "PX", LINK_MS)', ", token.id)"),
        (
            "the code of a link is nowhere kept",
            "return keys.dashboard_link(secret_hash(code))",
            "return keys.dashboard_link(code.encode())",
        ),
        (
            "only a token offers a link",
            "        if token is None:\n            return None\n        code",
            "        assert token\n        code",
        ),
    ),
)

_RECOGNISED = (
    *removals(
        "admin_api/admin_cookie.py",
        _COOKIE,
        ("two cookies of the dashboard are none", "if len(values) == 1 and", "if values and"),
        (
            "the dashboard's cookie has the shape of its values",
            " and _VALUE.fullmatch(values[0]) else",
            " else",
        ),
        (
            "on https the dashboard's cookie is of its host alone",
            '"__Host-outerward-admin" if secure else ',
            "",
        ),
        ("on https the dashboard's cookie is sent there alone", ' + ("; Secure" if secure else "")', ""),
        ("no script reads the dashboard's cookie", "; HttpOnly", ""),
        ("other sites do not send the dashboard's cookie", "; SameSite=Lax", ""),
    ),
    *removals(
        "admin_api/admin_cookie.py",
        _TOGETHER,
        (
            "the store has a hash of the dashboard's cookie",
            "CookieHash(hashlib.sha256(value.encode()).digest())",
            "CookieHash(value.encode())",
        ),
    ),
    *removals(
        "admin_api/own_address.py",
        _ADDRESS,
        (
            "the dashboard has one name",
            "len(hosts) == 1 and hosts[0].lower() in self._authorities",
            "len(hosts) == 1",
        ),
        (
            "a request to the dashboard names its host once",
            "len(hosts) == 1 and hosts",
            "bool(hosts) and hosts",
        ),
        ("a page of another origin is foreign", "if any(origin != self._origin for origin in origins):"),
        (
            "what a browser says of the page counts",
            'return "sec-fetch-site" if any(site != "same-origin" for site in sites) else ""',
            'return ""',
        ),
    ),
    *removals(
        "admin_api/administration.py",
        _TOGETHER,
        (
            "another bootstrap token ends the sessions of the old one",
            "if proof and hmac.compare_digest(proof, found.proof) else",
            "if proof else",
        ),
        (
            "no bootstrap token proves nothing",
            "if proof and hmac.compare_digest(proof, found.proof) else",
            "if hmac.compare_digest(proof, found.proof) else",
        ),
        ("signing in anew ends the session before", "if replacing is not None:"),
        (
            "signing out ends the session",
            "if await self._store.end_dashboard_session(hash_of(value)) and holder",
            "if holder",
        ),
        (
            "the caller of a page is the same all along",
            "found is not None and found.caller == caller",
            "found is not None",
        ),
        (
            "a look at a session is no use of it",
            "found = await self._who(request, in_use=False)",
            "found = await self._who(request, in_use=True)",
        ),
        (
            "a wrong token at the dashboard is counted where it comes from",
            "self._authenticator.holder(token.strip(), address)",
            'self._authenticator.holder(token.strip(), "")',
        ),
    ),
    *removals(
        "admin_api/auth.py",
        _TOGETHER,
        (
            "a token of an unknown scope begins no session",
            "if token.scope not in {scope.value for scope in Scope}:",
        ),
    ),
)

_ASKED = (
    *removals(
        "admin_api/callers.py",
        _HOSTILE,
        (
            "a call with the cookie is sent to our own host",
            "if not self._administration.is_own_host(request):",
        ),
        (
            "a call with the cookie comes from no other site",
            "if line := self._administration.foreign_line(request):",
            "line = ''\n        if line:",
        ),
        (
            "a body with the cookie is none of a form",
            'if request.body_exists and request.content_type != "application/json":',
        ),
        (
            "the cookie alone is not enough",
            "if len(given) != 1 or not hmac.compare_digest(_bytes(given[0]), _bytes(found.csrf)):",
        ),
        ("what goes beside the cookie is said once", "if len(given) != 1 or not", "if not given or not"),
        (
            "what goes beside the cookie is of the same session",
            "not hmac.compare_digest(_bytes(given[0]), _bytes(found.csrf)):",
            "len(given[0]) != len(found.csrf):",
        ),
        (
            "with a token cookies are not looked at",
            "if not lines and self._administration",
            "if self._administration",
        ),
        (
            "a cookie of nobody lets nobody in",
            "        if found is None:\n            raise Problem(Code.SESSION_OVER)\n",
            "        assert found\n",
        ),
    ),
    *removals(
        "admin_api/administration.py",
        _HOSTILE,
        (
            "a form says which page it is from",
            "return says and not self.foreign_line(request)",
            "return not self.foreign_line(request)",
        ),
        (
            "a form of another site is not ours",
            "return says and not self.foreign_line(request)",
            "return says",
        ),
    ),
    *removals(
        "admin_api/pipeline.py",
        _HOSTILE,
        ("two cookies of the dashboard are cleared", 'response.headers["Set-Cookie"] = clearing', "pass"),
    ),
    *removals(
        "admin_api/event_stream.py",
        _FLOW,
        ("a session that is over begins no stream", "if not await call.stands():"),
    ),
    *removals(
        "admin_api/pipeline.py",
        _TOGETHER,
        ("what lasts looks at who called", "stands=admitted.stands", "stands=call.stands"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_KEPT, *_RECOGNISED, *_ASKED)
