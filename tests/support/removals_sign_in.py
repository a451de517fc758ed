"""Checks that are taken away: signing in to the dashboard through a provider, and what its cookie opens."""

from tests.support.removed_checks import Removal, removals

_FOLDER = "tests/integration/dashboard"
_ADDRESSES = (f"{_FOLDER}/test_provider_sign_in_addresses.py",)
_PEOPLE = (f"{_FOLDER}/test_provider_sign_in_people.py",)
_ROLES = ("tests/unit/outerward/test_administrators.py",)
_CONFIGURED = ("tests/unit/outerward/config/test_config_dashboard.py",)
_FLOW = ("tests/unit/proxy/login/test_login_dashboard.py",)

_AT_THE_LISTENER = (
    *removals(
        "proxy/login/dashboard.py",
        _ADDRESSES,
        ("sign-ins at the dashboard are for its own host alone", "if not self._is_own_host(request):"),
        (
            "what only an edge may say is dropped at the admin listener",
            "if line[0].lower() != EDGE_HEADER]",
            "]",
        ),
    ),
    *removals(
        "proxy/login/desk.py",
        _ADDRESSES,
        (
            "a sign-in through a provider ends what a token began in the browser",
            "return found if await self.store.end_dashboard_session(visit.session.hash) else None",
            "return found",
        ),
    ),
)

_PLACES = (
    *removals(
        "proxy/login/places.py",
        _FLOW,
        (
            "the dashboard has no addresses of endpoints",
            "return None if visit.host.is_dashboard and place in _OF_ENDPOINTS else place",
            "return place",
        ),
    ),
    *removals(
        "proxy/login/flow.py",
        _FLOW,
        (
            "a sign-in at the dashboard leads to its pages alone",
            "return dashboard_path(text) if host.is_dashboard else safe_return_path(text)",
            "return safe_return_path(text)",
        ),
    ),
    *removals(
        "proxy/session_cookie.py",
        (*_FLOW, *_CONFIGURED),
        (
            "the scope of the dashboard's cookie is no hostname",
            "return cls(name, _DASHBOARD_SCOPE + hostname, secure)",
            "return cls(name, hostname, secure)",
        ),
    ),
    *removals(
        "outerward/config/routes.py",
        _CONFIGURED,
        (
            "a login that began at an app is none at a dashboard of the same hostname",
            'hostname=f"{origin.hostname}:{origin.port}",',
            "hostname=origin.hostname,",
        ),
    ),
)

_WHO = (
    *removals(
        "outerward/administrators.py",
        _PEOPLE,
        (
            "a session of an endpoint is none at the dashboard",
            "return at_home and by_provider and",
            "return by_provider and",
        ),
        (
            "roles are for people of the provider that is configured",
            "return at_home and by_provider and",
            "return at_home and",
        ),
        (
            "a session at the dashboard is over when its time is",
            "return at_home and by_provider and self._now_ms() < browser.expires_at",
            "return at_home and by_provider",
        ),
        (
            "who is on no list is nobody",
            "        if scope is None:\n            return None\n",
            "        scope = scope or Scope.READ\n",
        ),
    ),
    *removals(
        "outerward/administrators.py",
        _ROLES,
        (
            "a role is had by those on its list",
            "for scope, rules in self.lists if allowed(rules, identity)), None)",
            "for scope, rules in self.lists if rules), None)",
        ),
    ),
)

_CONFIGURATION = (
    *removals(
        "outerward/config/dashboard.py",
        _CONFIGURED,
        ("roles are there where a provider is", "        if roles:\n", "        if False:\n"),
        ("a provider is nothing without roles", "    if not roles:\n", "    if False:\n"),
        ("a role that is given names somebody", "if not entries and problems.sound(key):"),
        ("that everyone has a role is a warning", 'if "*" in entries:'),
        (
            "the dashboard's cookie goes by https, or stays on the machine",
            "if not origin.secure and not addresses.is_local(origin.hostname):",
        ),
    ),
    *removals(
        "outerward/config/session_rules.py",
        _CONFIGURED,
        ("the dashboard's origin is no endpoint's", "if theirs == own:"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_AT_THE_LISTENER, *_PLACES, *_WHO, *_CONFIGURATION)
