"""The demo's own pages: one stylesheet, no script, light and dark. Knows no protocol."""

import base64
import hashlib
from collections.abc import Mapping

import jinja2
from aiohttp import web

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("outerward.demo", "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = _TEMPLATES.get_template("demo.css").render()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    # Under no-referrer a form's Origin would be "null", and the sign-in page checks it.
    "Referrer-Policy": "same-origin",
}


def page(
    name: str, values: Mapping[str, object], *, form_targets: str = "'none'", status: int = 200
) -> web.Response:
    """The page ``name`` of the pages folder; ``form_targets``: the origins that its forms may lead to.

    Chromium checks every redirect after a form, so a form that leads back to an application names it.
    """
    text = _TEMPLATES.get_template(f"{name}.html").render(values)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response = web.Response(text=text, content_type="text/html", status=status, headers=_HEADERS)
    response.headers["Content-Security-Policy"] = policy
    return response


async def name_no_versions(_request: web.Request, response: web.StreamResponse) -> None:
    """A signal for ``on_response_prepare``: the server's header says nothing about its parts."""
    response.headers["Server"] = "outerward-demo"
