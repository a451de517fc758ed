"""Checks that are taken away: what the dashboard's own addresses ask before they answer."""

from tests.support.removed_checks import Removal, removals

_PAGES = ("tests/integration/dashboard/test_pages.py",)
_SIGN_IN = ("tests/integration/dashboard/test_signing_in.py",)
_PLACES = ("tests/unit/dashboard/test_dashboard_places.py",)
_FORMS = ("tests/unit/dashboard/test_dashboard_forms.py",)
_FILES = ("tests/unit/dashboard/test_dashboard_files.py",)
_TOGETHER = ("tests/integration/admin_api/test_administration.py",)
_PROVIDER = ("tests/integration/dashboard/test_provider_sign_in.py",)
_ATTACKS = ("tests/hostile/test_dashboard_attacks.py",)

REMOVALS: tuple[Removal, ...] = (
    *removals(
        "dashboard/app.py",
        _PAGES,
        (
            "a page is for its own host",
            "if not address.open and not self._administration.is_own_host(request):",
        ),
        (
            "a page of the highest role is for that alone",
            'if page.admin_only and administrator.caller.scope.value != "admin":',
        ),
        (
            "files lie under their hash alone",
            'request.match_info["name"] if request.match_info["hash"] == self._files.hash else ""',
            'request.match_info["name"]',
        ),
    ),
    *removals(
        "dashboard/app.py",
        _SIGN_IN,
        (
            "a form of another site changes nothing",
            'if request.method == "POST" and not self._administration.is_from_own_page(request):',
        ),
    ),
    *removals(
        "dashboard/sign_in.py",
        _SIGN_IN,
        (
            "what looks at a link does not use it up",
            'opens = request.method == "GET" and ',
            "opens = ",
        ),
        (
            "an image of another site does not use a link up",
            ' and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"',
            "",
        ),
    ),
    *removals(
        "dashboard/places.py",
        _PLACES,
        (
            "a sign-in leads on to pages alone",
            "len(text) > LONGEST or page_at(path) is None or not _QUERY.fullmatch(query)",
            "len(text) > LONGEST or not _QUERY.fullmatch(query)",
        ),
        (
            "an address to go on to holds no control character in any encoding",
            "return path + mark + query if _comes_to_rest_plainly(query) else HOME",
            "return path + mark + query",
        ),
    ),
    *removals(
        "dashboard/forms.py",
        _FORMS,
        ("a form holds no field twice", "if len(fields) != len(pairs):"),
    ),
    *removals(
        "dashboard/forms.py",
        _SIGN_IN,
        ("a form is not larger than it needs to be", "if len(body) > LARGEST:"),
    ),
    *removals(
        "dashboard/static_files.py",
        _FILES,
        (
            "gzip is for who takes it",
            "return not any(_is_zero(parameter) for parameter in parameters)",
            "return True",
        ),
    ),
    *removals(
        "admin_api/administration.py",
        _TOGETHER,
        (
            "one token signs in so often in a minute and no more",
            "if self._sign_ins.exceeded_by(holder.caller.actor):",
        ),
    ),
    *removals(
        "admin_api/administration.py",
        _PROVIDER,
        (
            "a token that signs in over a person ends what the person had",
            "if there is not None and there.by_provider and value is not None:",
        ),
    ),
    *removals(
        "admin_api/event_stream.py",
        _TOGETHER,
        (
            "a stream ends with the event of its end",
            "if stored.event.type in _MAY_END_READERS and not await _still(stands):",
        ),
    ),
    *removals(
        "proxy/login/leave.py",
        _ATTACKS,
        (
            "who had come by a token and left is told",
            "await tell_token_left(desk, await desk.end_token_session(visit))",
            "await desk.end_token_session(visit)",
        ),
    ),
)
