"""The demo's SAML identity provider, small and real (SAML 2.0 Profiles §4.1 and §4.4).

Logins by Redirect and POST, signed and encrypted assertions, logout from both sides; for one application.
Its people have no passwords, which is all that makes it a demo.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from lxml import etree

from outerward.demo import saml_names as names
from outerward.demo.handles import Handles
from outerward.demo.pages import page, post_page, refusal
from outerward.demo.people import Person
from outerward.demo.saml_answers import logout_request, logout_response, refused, signed_in
from outerward.demo.saml_metadata import Application, OwnAddresses, own_metadata, read_application
from outerward.demo.saml_requests import (
    LoginWanted,
    LogoutWanted,
    read_login,
    read_logout,
    read_logout_answer,
)
from outerward.demo.saml_xml import SamlError, new_key_pair, read_posted, read_redirected, redirect_url
from outerward.demo.sign_ins import Questions, SignIn, SignIns

_COOKIE = "outerward-demo-saml"
_LOGOUT_S = 600
_TITLE = "Demo sign-in"
_NOT_ASKED = "It was used already, is too old, or was begun in another browser."
_NAMEID_FORMATS = frozenset({names.PERSISTENT, names.UNSPECIFIED})

FetchMetadata = Callable[[], Awaitable[bytes]]
"""Brings the application's metadata. Raises SamlError."""


class DemoSamlProvider:
    """The provider at ``origin`` for the application ``application_id``, its entity id.

    ``application_name`` and ``application_url`` are for its pages; ``clock`` in seconds of Unix time.
    """

    def __init__(
        self,
        origin: str,
        people: Sequence[Person],
        application_id: str,
        fetch_metadata: FetchMetadata,
        *,
        application_name: str,
        application_url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._own = OwnAddresses(origin)
        self._people = {person.subject: person for person in people}
        self._application_id = application_id
        self._fetch_metadata = fetch_metadata
        self._application_name = application_name
        self._application_url = application_url
        self._clock = clock
        self._pair = new_key_pair("the demo's SAML provider", clock())
        self._application: Application | None = None
        self._sign_ins = SignIns(origin, _COOKIE, clock)
        self._waiting: Questions[LoginWanted] = Questions(self._sign_ins)
        self._leaving: Questions[str] = Questions(self._sign_ins)
        self._asked_out: Handles[Person] = Handles(_LOGOUT_S, clock)

    @property
    def entity_id(self) -> str:
        """The provider's name, and where its metadata are."""
        return self._own.entity_id

    def routes(self) -> list[web.RouteDef]:
        """Its addresses, to be served at its origin."""
        return [
            web.get("/saml/", self._overview),
            web.get("/saml/metadata", self._metadata),
            web.get("/saml/sso", self._sso),
            web.post("/saml/sso", self._sso),
            web.post("/saml/sign-in", self._sign_in),
            web.get("/saml/slo", self._slo),
            web.post("/saml/slo", self._slo),
            web.post("/saml/sign-out", self._sign_out),
        ]

    async def _metadata(self, _request: web.Request) -> web.Response:
        document = own_metadata(self._own, self._pair.certificate)
        return web.Response(body=document, content_type="application/samlmetadata+xml")

    async def _sso(self, request: web.Request) -> web.Response:
        """An AuthnRequest; nothing of it is looked at before its signature."""
        try:
            application = await self._known_application()
            root, relay_state = await self._message(request, "SAMLRequest", application)
            login = read_login(root, relay_state, application, self._own.sso, self._clock())
        except SamlError as error:
            return refusal(str(error))
        if login.nameid_format not in _NAMEID_FORMATS:
            return self._refuse(login, application, names.REQUESTER, names.INVALID_NAMEID_POLICY)
        sign_in = self._sign_ins.current(request)
        if sign_in is not None and not login.force_authn:
            return self._assert(sign_in, login, application)
        if login.is_passive:
            return self._refuse(login, application, names.RESPONDER, names.NO_PASSIVE)
        return self._ask(request, login, application)

    def _ask(self, request: web.Request, login: LoginWanted, application: Application) -> web.Response:
        question, browser = self._waiting.ask(request, login)
        values = {
            "title": _TITLE,
            "application": self._application_name,
            "again": login.force_authn,
            "action": f"{self._own.origin}/saml/sign-in",
            "request": question,
            "people": list(self._people.values()),
        }
        response = page("sign_in", values, form_targets=f"'self' {application.origin}")
        self._sign_ins.set_cookie(response, browser)
        return response

    async def _sign_in(self, request: web.Request) -> web.Response:
        login = await self._waiting.answered(request)
        if login is None:
            return refusal(_NOT_ASKED)
        application = await self._known_application()
        person = self._people.get(str((await request.post()).get("person", "")))
        if person is None:
            return self._refuse(login, application, names.RESPONDER, names.AUTHN_FAILED)
        sign_in, cookie = self._sign_ins.begin(request, person)
        response = self._assert(sign_in, login, application)
        self._sign_ins.set_cookie(response, cookie)
        return response

    def _assert(self, sign_in: SignIn, login: LoginWanted, application: Application) -> web.Response:
        document = signed_in(sign_in, login, application, self.entity_id, self._pair, self._clock())
        return self._post(document, login, application)

    def _refuse(self, login: LoginWanted, application: Application, *codes: str) -> web.Response:
        document = refused(codes, login, application, self.entity_id, self._pair, self._clock())
        return self._post(document, login, application)

    def _post(self, document: bytes, login: LoginWanted, application: Application) -> web.Response:
        fields = {"SAMLResponse": b64encode(document).decode()}
        if login.relay_state:
            fields["RelayState"] = login.relay_state
        return post_page(
            application.acs_url,
            fields,
            application=self._application_name,
            form_targets=application.origin,
        )

    async def _slo(self, request: web.Request) -> web.Response:
        """A LogoutRequest of the application, or its answer to one of ours."""
        given = request.query if request.method == "GET" else await request.post()
        try:
            application = await self._known_application()
            if "SAMLResponse" in given:
                root, _ = await self._message(request, "SAMLResponse", application)
                return self._left_everywhere(root, application)
            root, relay_state = await self._message(request, "SAMLRequest", application)
            wanted = read_logout(root, relay_state, application, self._own.slo, self._clock())
        except SamlError as error:
            return refusal(str(error))
        return self._leave(request, wanted, application)

    def _leave(self, request: web.Request, wanted: LogoutWanted, application: Application) -> web.Response:
        """End what the application names; what was never issued to it is not known (Core §3.7.3.2)."""
        theirs = {
            name for name, each in self._sign_ins.all().items() if each.person.subject == wanted.name_id
        }
        ending = theirs & wanted.session_ids if wanted.session_ids else theirs
        codes = (names.SUCCESS,) if ending else (names.REQUESTER, names.UNKNOWN_PRINCIPAL)
        current = self._sign_ins.current(request)
        for session_id in ending:
            self._sign_ins.end(session_id)
        answer = logout_response(wanted.id, codes, application, self.entity_id, self._clock())
        url = redirect_url(application.slo_url, "SAMLResponse", answer, wanted.relay_state, self._pair)
        response = _see(url)
        if current is not None and current.session_id in ending:
            self._sign_ins.clear_cookie(response)
        return response

    def _left_everywhere(self, root: etree._Element, application: Application) -> web.Response:
        request_id, well = read_logout_answer(root, application, self._own.slo, self._clock())
        person = self._asked_out.take(request_id)
        if person is None:
            raise SamlError("The message answers no logout that was begun here.")
        told = f"{self._application_name.capitalize()} answered that it ended the session of {person.name}."
        untold = f"{self._application_name.capitalize()} could not end every session of {person.name}."
        values = {
            "title": _TITLE,
            "heading": "Signed out everywhere" if well else "Signed out here only",
            "sentence": told if well else untold,
            "application": self._application_name,
            "application_url": self._application_url,
        }
        return page("signed_out", values)

    async def _overview(self, request: web.Request) -> web.Response:
        """The person's own page: who is signed in, and a way out of everything."""
        sign_in = self._sign_ins.current(request)
        question, browser = self._leaving.ask(request, "" if sign_in is None else sign_in.session_id)
        name = "" if sign_in is None else sign_in.person.name
        values = {
            "title": _TITLE,
            "name": name,
            "heading": f"You are {name}",
            "sentence": f"You are signed in here, and by this provider at {self._application_name}.",
            "action": f"{self._own.origin}/saml/sign-out",
            "request": question,
            "button": "Sign out everywhere",
            "application": self._application_name,
            "application_url": self._application_url,
        }
        response = page("sign_out", values, form_targets=f"'self' {self._application_url}")
        self._sign_ins.set_cookie(response, browser)
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        """End the sign-in here, then ask the application to end what came of it."""
        session_id = await self._leaving.answered(request)
        sign_in = self._sign_ins.current(request)
        if session_id is None or sign_in is None or sign_in.session_id != session_id:
            return refusal(_NOT_ASKED)
        application = await self._known_application()
        self._sign_ins.end(session_id)
        message = logout_request(sign_in, application, self.entity_id, self._clock())
        self._asked_out.keep(message.get("ID", ""), sign_in.person)
        response = _see(redirect_url(application.slo_url, "SAMLRequest", message, "", self._pair))
        self._sign_ins.clear_cookie(response)
        return response

    async def _message(
        self, request: web.Request, parameter: str, application: Application
    ) -> tuple[etree._Element, str]:
        """The message and its RelayState, out of what the application's signature covers."""
        if request.method == "GET":
            raw_query = request.raw_path.partition("?")[2]
            return await asyncio.to_thread(read_redirected, raw_query, parameter, application.signing)
        form = await request.post()
        if any(len(form.getall(name)) > 1 for name in form):
            raise SamlError("The message is there more than once.")
        message = str(form.get(parameter, ""))
        root = await asyncio.to_thread(read_posted, message, application.signing)
        return root, str(form.get("RelayState", ""))

    async def _known_application(self) -> Application:
        """The application by its metadata, fetched at its first message and kept. Raises SamlError."""
        if self._application is None:
            self._application = read_application(await self._fetch_metadata(), self._application_id)
        return self._application


def _see(url: str) -> web.Response:
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(status=303, headers=headers)
