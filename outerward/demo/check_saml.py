"""The check's walk over the wiki: in by SAML, out at the provider too, and refused afterwards."""

from outerward.demo.people import Person
from outerward.demo.steps import Steps
from outerward.demo.visitor import Page, Visitor

_PATH = "/radio"


async def check_saml(steps: Steps, visitor: Visitor, wiki_url: str, person: Person) -> None:
    """Walk as ``person``. Raises CheckFailedError."""
    url = wiki_url + _PATH
    steps.now = "saml sign in"
    page = await _sign_in(steps, visitor, url, person)
    steps.done(f"as {person.name} at {wiki_url}, by a signed and encrypted assertion")
    steps.now = "saml sign out"
    link = next((link for link in page.links if link.endswith("/.outerward/logout")), None)
    if link is None:
        steps.fail("the wiki has no link to sign out")
    landed = await visitor.click(page, link)
    steps.expect(str(landed.url), f"{wiki_url}/.outerward/signed-out", "the address after the sign-out")
    steps.expect(landed.status, 200, "the page after the sign-out")
    steps.done("there and at the provider, which confirmed it")
    steps.now = "saml refused"
    refused = await visitor.get(url)
    steps.expect(refused.status, 302, "the request after the sign-out")
    silent = await visitor.get(url, accept="application/json")
    steps.expect(silent.status, 401, "the same request by a program")
    asked = await visitor.visit(url)
    if _button(person) not in [button for form in asked.forms for button in form.buttons]:
        steps.fail("the provider does not ask again who somebody is")
    steps.done("the next request, and the provider asks again who it is")


async def _sign_in(steps: Steps, visitor: Visitor, url: str, person: Person) -> Page:
    """Choose the person on the provider's page, and carry its answer back as a browser would."""
    page = await visitor.visit(url)
    form = next((form for form in page.forms if _button(person) in form.buttons), None)
    if form is None:
        steps.fail(f"no sign-in page of the provider, but {page.status} at {page.url.origin()}")
    answer = await visitor.submit(page, form, _button(person))
    if not answer.forms or "SAMLResponse" not in answer.forms[0].fields:
        steps.fail(f"no answer of the provider, but {answer.status} at {answer.url.origin()}")
    arrived = await visitor.submit(answer, answer.forms[0])
    steps.expect(arrived.status, 200, "the page after the sign-in")
    steps.expect(str(arrived.url), url, "the address after the sign-in")
    if person.email not in arrived.text:
        steps.fail(f"the wiki was not told {person.email}")
    return arrived


def _button(person: Person) -> tuple[str, str]:
    return ("person", person.subject)
