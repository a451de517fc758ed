"""The pages as they leave: three templates, and the headers that keep them to themselves.

Everything that comes in is escaped. A page holds no data of people: its script asks the API for them. Knows
neither requests nor who may see what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import jinja2
from aiohttp import web

from admin_api import Administrator
from dashboard.places import HOME, LOGIN, LOGOUT, MENU, PAGES, SESSIONS, Page
from dashboard.static_files import StaticFiles
from dashboard.texts import Texts

PROVIDER_LOGIN = "/.outerward/login"
PROVIDER_LOGOUT = "/.outerward/logout"

_ROLES = {"read": "shell.role.read", "revoke": "shell.role.revoke", "admin": "shell.role.admin"}

_TRIED_AGAIN_S = 5

_OWN_FORMS = "form-action 'self'"
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Under no-referrer a form's Origin would be "null", and it is checked.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class SignInChoice:
    """A provider that administrators may sign in through: its configured name, and what people call it."""

    name: str
    title: str


class Refusal(Enum):
    """Every page that says no: its status, the keys of what it says, and where its link leads."""

    BAD_FORM = (400, "shell.bad_form.title", "shell.bad_form.text", "shell.to_login", LOGIN)
    FOREIGN = (403, "shell.foreign.title", "shell.foreign.text", "shell.to_users", HOME)
    TOO_LITTLE_SCOPE = (403, "shell.too_little.title", "shell.too_little.text", "shell.to_users", HOME)
    NOT_FOUND = (404, "shell.not_found.title", "shell.not_found.text", "shell.to_users", HOME)
    NO_USER = (404, "user.gone", "shell.bad_id.text", "shell.to_users", HOME)
    NO_SESSION = (404, "session.gone", "shell.bad_id.text", "shell.to_sessions", SESSIONS)
    BAD_METHOD = (405, "shell.bad_method.title", "shell.bad_method.text", "shell.to_users", HOME)
    OTHER_HOST = (421, "shell.other_host.title", "shell.other_host.text", "shell.to_address", HOME)
    FAULT = (500, "shell.fault.title", "shell.fault.text", "shell.to_users", HOME)
    STORE_AWAY = (503, "shell.store_away.title", "shell.store_away.text", "shell.try_again", HOME)
    NOTHING_DONE = (503, "shell.store_away.title", "shell.nothing_done.text", "shell.to_login", LOGIN)

    def __init__(self, status: int, title: str, sentence: str, advice: str, onward: str) -> None:
        self.status = status
        self.title = title
        self.sentence = sentence
        self.advice = advice
        self.onward = onward


class Pages:
    """Renders every page; ``api`` is the admin listener's public URL."""

    def __init__(
        self, texts: Texts, files: StaticFiles, static: str, api: str, providers: Sequence[SignInChoice]
    ) -> None:
        """``static``: the address that the names of ``files`` follow. Raises NoSuchModule."""
        self._texts = texts
        self._modules = {page.name: files.modules(page.name) for page in PAGES}
        self._static = static
        self._api = api
        self._providers = tuple(providers)
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("dashboard", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(say=texts.say, lang=texts.lang, static=static)
        self._page, self._login, self._message = (
            environment.get_template(f"{name}.html") for name in ("page", "login", "message")
        )

    def page(self, page: Page, identifier: str, administrator: Administrator) -> web.Response:
        """The frame of ``page`` for ``administrator``; its script fills it."""
        text = self._page.render(
            page=page,
            identifier=identifier,
            modules=self._modules[page.name],
            api=self._api,
            **self._header(administrator),
        )
        return _answer(text, 200, _forms_of(administrator))

    def login(self, return_path: str, notice: str = "", status: int = 200) -> web.Response:
        """The sign-in page, which leads on to ``return_path``; ``notice`` is the key of what it says."""
        text = self._login.render(
            notice=notice,
            return_path=return_path,
            login=LOGIN,
            provider_login=PROVIDER_LOGIN,
            providers=self._providers,
        )
        # Without form-action, as above: a provider's sign-in begins with a form.
        return _answer(text, status, ())

    def refusal(
        self, refusal: Refusal, operation_id: str, here: str, administrator: Administrator | None = None
    ) -> web.Response:
        """The page that says ``refusal`` at the address ``here``; with the menu for ``administrator``."""
        onward = {Refusal.OTHER_HOST: self._api + HOME, Refusal.STORE_AWAY: here}.get(refusal, refusal.onward)
        text = self._message.render(
            refusal=refusal,
            onward=onward,
            operation_id=operation_id,
            page=None,
            identifier="",
            **self._header(administrator),
        )
        answer = _answer(text, refusal.status, _forms_of(administrator))
        if refusal is Refusal.STORE_AWAY:
            answer.headers["Refresh"] = str(_TRIED_AGAIN_S)
        return answer

    def _header(self, administrator: Administrator | None) -> dict[str, object]:
        """What the header over a page shows: nothing where it is not known who looks."""
        if administrator is None:
            return {"administrator": None}
        scope = administrator.caller.scope.value
        return {
            "administrator": administrator,
            "role": self._texts.say(_ROLES[scope]),
            "menu": [each for each in MENU if scope == "admin" or not each.admin_only],
            "logout": LOGOUT,
        }


def _forms_of(administrator: Administrator | None) -> tuple[str, ...]:
    # Chromium applies form-action to every redirect after a form, and a sign-out through a provider ends at
    # hosts that are not known here.
    return () if administrator is not None and administrator.by_provider else (_OWN_FORMS,)


def _answer(text: str, status: int, more_policy: tuple[str, ...]) -> web.Response:
    policy = "; ".join((*_POLICY, *more_policy))
    headers = {**_HEADERS, "Content-Security-Policy": policy}
    return web.Response(
        body=text.encode("utf-8", "replace"),
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers=headers,
    )
