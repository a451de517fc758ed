"""A small service provider made of python3-saml, to show that a provider of the tests does its work.

It signs what it sends, verifies what comes by the provider's own metadata, and answers logouts. python3-saml
reads logout messages from a query alone, so those that come by POST are read here. Not a model for anything.
"""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.request import urlopen

from aiohttp import web
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from tests.support.saml_idp import Binding, SamlIdp, ServiceProvider, service_pair

SIGNED = {
    "SAMLRequest": "/samlp:LogoutRequest/ds:Signature",
    "SAMLResponse": "/samlp:LogoutResponse/ds:Signature",
}


@dataclass
class Arrival:
    """A login that python3-saml accepted, and how the browser brought it."""

    name_id: str
    attributes: dict[str, list[str]]
    session_index: str
    relay_state: str
    xml: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


@dataclass
class ToolkitSp:
    """The service provider; ``host`` is a ``*.localhost`` name and a port. It keeps one session at most."""

    host: str
    binding: Binding = "redirect"
    sent_id: str | None = None
    session: Arrival | None = None
    answered: list[str] = field(default_factory=list)
    registered: ServiceProvider = field(init=False)
    idp: SamlIdp = field(init=False)

    def __post_init__(self) -> None:
        self.register()

    @property
    def base(self) -> str:
        """The address that paths are put to: ``/login``, ``/login?force``, ``/logout``."""
        return f"http://{self.host}"

    def register(self, **options: Any) -> ServiceProvider:
        """What a provider is told of it."""
        certificate = service_pair().certificate_pem
        base = self.base
        self.registered = ServiceProvider(f"{base}/sp", f"{base}/acs", f"{base}/slo", certificate, **options)
        return self.registered

    def settings(self) -> dict[str, Any]:
        """What python3-saml wants to know, the provider's half read from its metadata."""
        with urlopen(self.idp.metadata_url) as answer:  # noqa: S310
            parsed: dict[str, Any] = OneLogin_Saml2_IdPMetadataParser.parse(answer.read())
        sp = self.registered
        own = {
            "entityId": sp.entity_id,
            "assertionConsumerService": {"url": sp.acs_url},
            "singleLogoutService": {"url": sp.slo_url},
            "NameIDFormat": sp.nameid_format,
            "x509cert": service_pair().certificate_pem,
            "privateKey": service_pair().key_pem,
        }
        security = {
            "authnRequestsSigned": self.binding == "redirect",
            "logoutRequestSigned": self.binding == "redirect",
            "logoutResponseSigned": self.binding == "redirect",
            "wantAssertionsSigned": sp.sign != "response",
            "wantMessagesSigned": sp.sign != "assertion",
            "wantAssertionsEncrypted": sp.encrypt,
            "requestedAuthnContext": False,
            "rejectDeprecatedAlgorithm": True,
        }
        return {"strict": True, "sp": own, "idp": parsed["idp"], "security": security}

    async def login(self, request: web.Request) -> web.Response:
        """Send the browser off to sign in, with a Lax cookie that stays behind when it is posted back."""
        force = "force" in request.query
        auth = OneLogin_Saml2_Auth(_told(request, {}), self.settings())
        if self.binding == "redirect":
            response = _gone_to(auth.login(return_to="relay", force_authn=force))
            self.sent_id = auth.get_last_request_id()
        else:
            made = OneLogin_Saml2_Authn_Request(auth.get_settings(), force_authn=force)
            self.sent_id = made.get_id()
            response = _posting(self.idp.sso_url, "SAMLRequest", made.get_xml(), "relay")
        response.set_cookie("lax", "1", samesite="Lax")
        response.set_cookie("none", "1", samesite="None", secure=True)
        return response

    async def acs(self, request: web.Request) -> web.Response:
        """Take a response; 400 with python3-saml's own words where it refuses."""
        posted = {name: str(value) for name, value in (await request.post()).items()}
        auth = OneLogin_Saml2_Auth(_told(request, posted), self.settings())
        auth.process_response(self.sent_id)
        if auth.get_errors():
            return web.Response(status=400, text=f"{auth.get_errors()}: {auth.get_last_error_reason()}")
        self.session = Arrival(
            auth.get_nameid(),
            auth.get_attributes(),
            auth.get_session_index(),
            posted.get("RelayState", ""),
            posted["SAMLResponse"],
            dict(request.headers),
            dict(request.cookies),
        )
        return web.Response(text=f"signed in as {auth.get_nameid()}")

    async def logout(self, request: web.Request) -> web.Response:
        """Send the browser off to sign out."""
        assert self.session is not None
        name = {"name_id": self.session.name_id, "session_index": self.session.session_index}
        name["name_id_format"] = self.registered.nameid_format
        auth = OneLogin_Saml2_Auth(_told(request, {}), self.settings())
        if self.binding == "redirect":
            location = auth.logout(return_to="relay", **name)
            self.sent_id = auth.get_last_request_id()
            return _gone_to(location)
        made = OneLogin_Saml2_Logout_Request(auth.get_settings(), **name)
        self.sent_id = made.id
        return _posting(self.idp.slo_url, "SAMLRequest", made.get_xml(), "relay")

    async def slo(self, request: web.Request) -> web.Response:
        """Take a logout message: an answer is noted in ``answered``, a request is answered."""
        if request.method == "GET":
            return self._slo_by_redirect(request)
        posted = {name: str(value) for name, value in (await request.post()).items()}
        name = "SAMLRequest" if "SAMLRequest" in posted else "SAMLResponse"
        xml = b64decode(posted[name])
        settings = OneLogin_Saml2_Settings(self.settings())
        if not OneLogin_Saml2_Utils.validate_sign(
            xml, settings.get_idp_data()["x509cert"], xpath=SIGNED[name]
        ):
            return web.Response(status=400, text="the signature does not verify")
        root = etree.fromstring(xml)
        if name == "SAMLResponse":
            return self._signed_out(root)
        self.session = None
        made = OneLogin_Saml2_Logout_Response(settings)
        made.build(root.get("ID"))
        return _posting(self.idp.slo_url, "SAMLResponse", made.get_xml(), posted.get("RelayState", ""))

    def _slo_by_redirect(self, request: web.Request) -> web.Response:
        settings = self.settings()
        settings["security"]["wantMessagesSigned"] = True
        auth = OneLogin_Saml2_Auth(_told(request, {}), settings)
        location = auth.process_slo(request_id=self.sent_id, keep_local_session=True)
        if auth.get_errors():
            return web.Response(status=400, text=f"{auth.get_errors()}: {auth.get_last_error_reason()}")
        self.session = None
        if location and "SAMLRequest" in request.query:
            return _gone_to(location)
        self.answered.append("Success")
        return web.Response(text="signed out")

    def _signed_out(self, answer: etree._Element) -> web.Response:
        status = answer.find(".//{*}StatusCode")
        assert status is not None
        if answer.get("InResponseTo") != self.sent_id:
            return web.Response(status=400, text="an answer to something else")
        self.session = None
        self.answered.append(str(status.get("Value")).rpartition(":")[2])
        return web.Response(text="signed out")


def _told(request: web.Request, posted: dict[str, str]) -> dict[str, Any]:
    return {
        "https": "off",
        "http_host": request.host,
        "script_name": request.path,
        "get_data": dict(request.query),
        "query_string": request.query_string,
        "post_data": posted,
    }


def _gone_to(url: str) -> web.Response:
    return web.Response(status=302, headers={"Location": url})


def _posting(url: str, name: str, xml: str | bytes, relay_state: str) -> web.Response:
    """A page that posts ``xml``, signed here: python3-saml signs no message of its own for POST."""
    pair = service_pair()
    signed = OneLogin_Saml2_Utils.add_sign(xml, pair.key_pem, pair.certificate_pem)
    token = b64encode(signed if isinstance(signed, bytes) else signed.encode()).decode()
    relay = f'<input type="hidden" name="RelayState" value="{escape(relay_state)}">' if relay_state else ""
    page = f"""<!doctype html><title>On your way</title><form method="post" action="{escape(url)}">
<input type="hidden" name="{name}" value="{token}">{relay}<button>Continue</button></form>"""
    return web.Response(text=page, content_type="text/html")


@asynccontextmanager
async def toolkit_sp(name: str = "sp.localhost") -> AsyncIterator[ToolkitSp]:
    """One that listens under ``name``; ``register`` and ``idp`` are for the test to set."""
    app = web.Application()
    runner = web.AppRunner(app)
    sp = ToolkitSp("")
    app.router.add_get("/login", sp.login)
    app.router.add_post("/acs", sp.acs)
    app.router.add_get("/logout", sp.logout)
    app.router.add_route("*", "/slo", sp.slo)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        sp.host = f"{name}:{runner.addresses[0][1]}"
        sp.register()
        yield sp
    finally:
        await runner.cleanup()
