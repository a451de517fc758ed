"""The guide to one provider as text: what to register, what to paste, what to mind."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from outerward.guides.addresses import ToRegister
from outerward.guides.kinds import Guide

_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a guide is made of. ``hostname`` is None where there are tunnels already that may use it.

    ``scopes`` are asked for without being configured; ``configured`` says where it is configured already.
    """

    guide: Guide
    name: str
    entries: Sequence[ToRegister]
    scopes: Sequence[str]
    hostname: str | None = None
    configured: str = ""


def guide_text(told: Told) -> str:
    """The whole text."""
    guide = told.guide
    lines = [
        f"{guide.title}, called {told.name} here",
        "",
        *_wrapped("1. Register at the provider: ", guide.where),
    ]
    lines += [f"   {guide.page}", ""]
    for entry in told.entries:
        lines += [f"   {entry.called}:", *(f"     {address}" for address in entry.addresses), ""]
    if told.scopes:
        lines += [f"   Scopes that are asked for: {' '.join(told.scopes)}", ""]
    if told.configured:
        lines += [f"2. It is configured already: {told.configured}", ""]
    else:
        lines += ["2. Put this into outerward.toml:", "", block(guide, told.name, told.hostname)]
        lines += _secret_hint(guide, told.name)
    lines += ["3. Try it: outerward config check --online"]
    if guide.notes:
        lines += ["", *(line for note in guide.notes for line in _wrapped("- ", note))]
    return "\n".join(lines)


def block(guide: Guide, name: str, hostname: str | None) -> str:
    """The TOML to paste; with ``hostname`` a tunnel for it as well."""
    lines = [f"[provider.{name}]", f'type = "{guide.protocol}"']
    if guide.preset:
        lines.append(f'provider = "{guide.preset}"')
    lines += guide.settings
    if guide.scopes:
        lines.append(f"scopes = [{', '.join(map(_quoted, guide.scopes))}]")
    if guide.protocol != "saml":
        lines += ['client_id = "CLIENT-ID"', f'client_secret = "env:{secret_variable(name)}"']
    if hostname is None:
        return "\n".join(
            [*lines, "", f'# and in each [[tunnel]] or [[edge_route]] that uses it: provider = "{name}"', ""]
        )
    tunnel = (
        "",
        "[[tunnel]]",
        'name = "app"',
        f'hostname = "{hostname}"',
        'upstream = "http://127.0.0.1:3000"',
        f'provider = "{name}"',
        'allow = ["@example.com"]',
        "",
    )
    return "\n".join([*lines, *tunnel])


def secret_variable(name: str) -> str:
    """The environment variable that the block takes the client's secret from."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_SECRET"


def _secret_hint(guide: Guide, name: str) -> list[str]:
    """Where the block takes the secret from."""
    if guide.protocol == "saml":
        return []
    hint = f"The client secret is taken from the environment variable {secret_variable(name)};"
    return [*_wrapped("   ", f'{hint} "file:PATH" takes it from a file.'), ""]


def _quoted(text: str) -> str:
    return f'"{text}"'


def _wrapped(start: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start) if start == "- " else "   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
