"""The demo's own pages: one stylesheet, light and dark, and one line of script that posts a form.

Knows no protocol.
"""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import urlsplit

import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("outerward.demo", "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _TEMPLATES.get_template("demo.css").render()
_SUBMIT = "document.forms[0].submit()"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    # Under no-referrer a form's Origin would be "null", and the sign-in page checks it.
    "Referrer-Policy": "same-origin",
}


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def page(
    name: str,
    values: Mapping[str, object],
    *,
    form_targets: str = "'none'",
    status: int = 200,
    script: str = "",
) -> web.Response:
    """The page ``name`` of the pages folder; ``form_targets``: the origins that its forms may lead to.

    Chromium checks every redirect after a form, so a form that leads back to an application names it.
    ``script``: the file of its script, which may speak to its own origin.
    """
    policy = f"form-action {form_targets}"
    if script:
        source = _TEMPLATES.get_template(script).render()
        policy += f"; script-src {_hash(source)}; connect-src 'self'"
    return _response(name, values, policy, status)


def post_page(url: str, fields: Mapping[str, str], *, application: str, form_targets: str) -> web.Response:
    """A page that posts ``fields`` to ``url`` by itself, or by its button where no script runs."""
    values = {
        "title": "Demo sign-in",
        "url": url,
        "fields": list(fields.items()),
        "application": application,
        "submit": _SUBMIT,
    }
    return _response("post", values, f"script-src {_hash(_SUBMIT)}; form-action {form_targets}", 200)


def refusal(sentence: str, status: int = 400) -> web.Response:
    """The page of a demo provider that leads nowhere."""
    return page("refused", {"title": "Demo sign-in", "sentence": sentence}, status=status)


def only_at(origin: str) -> Middleware:
    """A middleware that answers at ``origin`` alone: no other name leads a browser here (DNS rebinding)."""
    authority = urlsplit(origin).netloc

    @web.middleware
    async def front(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host != authority:
            return refusal("This provider is not at that address.", status=421)
        return await handler(request)

    return front


def _response(name: str, values: Mapping[str, object], policy: str, status: int) -> web.Response:
    text = _TEMPLATES.get_template(f"{name}.html").render(values)
    response = web.Response(text=text, content_type="text/html", status=status, headers=_HEADERS)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_hash(_STYLE)}; {policy}; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


async def name_no_versions(_request: web.Request, response: web.StreamResponse) -> None:
    """A signal for ``on_response_prepare``: the server's header says nothing about its parts."""
    response.headers["Server"] = "outerward-demo"
