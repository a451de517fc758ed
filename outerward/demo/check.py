"""The demo's check of itself, over real sockets: sign in, pass, be listed, be ended, be refused, sign in.

Then the same visitor goes to the wiki, by SAML.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from outerward.demo.check_saml import check_saml
from outerward.demo.people import Person
from outerward.demo.steps import CheckFailedError, Steps
from outerward.demo.visitor import Page, Visitor

_PATH = "/hello?from=check"


@dataclass(frozen=True)
class Place:
    """Where the demo runs, and who signs in."""

    app_url: str
    wiki_url: str
    admin_url: str
    admin_token: str
    person: Person

    def __repr__(self) -> str:
        return f"Place(app_url={self.app_url!r}, admin_url={self.admin_url!r}, ...)"


class Check:
    """One run. ``say`` gets a line for each step."""

    def __init__(self, place: Place, say: Callable[[str], None]) -> None:
        self._place = place
        self._steps = Steps(say)

    async def run(self) -> bool:
        """Whether every step went as it must."""
        visitor = Visitor()
        headers = {"Authorization": f"Bearer {self._place.admin_token}"}
        try:
            async with aiohttp.ClientSession(headers=headers) as admin:
                await self._all(visitor, admin)
            await check_saml(self._steps, visitor, self._place.wiki_url, self._place.person)
        except (CheckFailedError, aiohttp.ClientError, TimeoutError, ValueError, RuntimeError) as error:
            self._steps.failed(str(error) or type(error).__name__)
            return False
        finally:
            await visitor.close()
        return True

    async def _all(self, visitor: Visitor, admin: aiohttp.ClientSession) -> None:
        self._steps.now = "sign in"
        await self._sign_in(visitor, await visitor.visit(self._place.app_url + _PATH))
        self._steps.done(f"as {self._place.person.name}, through the demo's OpenID provider")
        self._steps.now = "request"
        session_id = await self._who(visitor)
        connections = visitor.connections
        self._steps.done(f"{self._place.app_url} was told {self._place.person.email}, session {session_id}")
        self._steps.now = "inspect"
        self._steps.done(await self._inspect(admin, session_id))
        self._steps.now = "revoke"
        async with admin.delete(f"{self._place.admin_url}/app/sessions/{session_id}") as response:
            self._steps.expect(response.status, 204, "DELETE of the session")
        self._steps.done(f"DELETE /app/sessions/{session_id} answered 204")
        self._steps.now = "refused"
        notice = await self._refused(visitor, connections)
        async with admin.get(f"{self._place.admin_url}/app/sessions/{session_id}") as response:
            self._steps.expect(response.status, 404, "GET of the session that was ended")
        self._steps.done(
            "the very next request on the same connection; the page says that an administrator did it"
        )
        self._steps.now = "login again"
        await self._sign_in(visitor, await visitor.submit(notice, notice.forms[0]))
        renewed = await self._who(visitor)
        if renewed == session_id:
            self._steps.fail("the session that was ended came back")
        self._steps.done(f"with a new session {renewed}")

    async def _sign_in(self, visitor: Visitor, page: Page) -> None:
        """Choose the person on the provider's page, and arrive where the visitor wanted to go."""
        subject = ("person", self._place.person.subject)
        form = next((form for form in page.forms if subject in form.buttons), None)
        if form is None:
            self._steps.fail(f"no sign-in page of the provider, but {page.status} at {page.url.origin()}")
        arrived = await visitor.submit(page, form, subject)
        self._steps.expect(arrived.status, 200, "the page after the sign-in")
        self._steps.expect(str(arrived.url), self._place.app_url + _PATH, "the address after the sign-in")

    async def _who(self, visitor: Visitor) -> str:
        """What the application was told; the session's public id."""
        page = await visitor.get(self._place.app_url + _PATH, accept="application/json")
        self._steps.expect(page.status, 200, "a request with the session")
        identity = json.loads(page.text)["identity"]
        self._steps.expect(identity.get("X-Forwarded-Email"), self._place.person.email, "X-Forwarded-Email")
        self._steps.expect(identity.get("X-Forwarded-User"), self._place.person.subject, "X-Forwarded-User")
        return str(identity.get("X-Outerward-Session"))

    async def _inspect(self, admin: aiohttp.ClientSession, session_id: str) -> str:
        """Find the session in the list, and its user; what the list shows of them."""
        async with admin.get(f"{self._place.admin_url}/app/sessions") as response:
            self._steps.expect(response.status, 200, "GET /app/sessions")
            listed = (await response.json())["application_sessions"]
        session = next((each for each in listed if each["id"] == session_id), None)
        if session is None:
            self._steps.fail(f"{session_id} is not among the {len(listed)} sessions listed")
        self._steps.expect(session["public_url"], self._place.app_url, "public_url")
        async with admin.get(session["application_user"]["uri"]) as response:
            self._steps.expect(response.status, 200, "GET of the session's user")
            user = await response.json()
        self._steps.expect(user["provider_user_id"], self._place.person.subject, "provider_user_id")
        return (
            f"one of {len(listed)} sessions: {user['name']}, from {session['browser_session']['ip_address']}"
        )

    async def _refused(self, visitor: Visitor, connections: int) -> Page:
        """The next request must lead to the login, which tells who ended the session; that page."""
        refused = await visitor.get(self._place.app_url + _PATH)
        if visitor.connections != connections:
            self._steps.fail("the connection was not kept, so this would show nothing")
        self._steps.expect(refused.status, 302, "the request after the revocation")
        if refused.location is None or refused.location.path != "/.outerward/login":
            self._steps.fail("the request after the revocation does not lead to the login")
        silent = await visitor.get(self._place.app_url + _PATH, accept="application/json")
        self._steps.expect(silent.status, 401, "the same request by a program")
        notice = await visitor.visit(refused.location)
        self._steps.expect(notice.status, 200, "the login page")
        if "administrator" not in notice.text or not notice.forms:
            self._steps.fail("the login page does not tell that an administrator ended the session")
        return notice
