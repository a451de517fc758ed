"""``idp guide``: what to register with a provider, and what to paste for it."""

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outerward import usual_files
from outerward.cli.run import config_option
from outerward.plain_text import printable, printable_path

if TYPE_CHECKING:
    from outerward.config import Loaded, Settings
    from outerward.guides import Guide

_HOSTNAME = "app.example.com"
_UNUSED = "No tunnel and no edge route uses it yet, so there is no address to register."


@click.group()
def idp() -> None:
    """Set up identity providers."""


@idp.command()
@click.argument("provider", metavar="PROVIDER")
@config_option
@click.option(
    "--hostname",
    metavar="HOST",
    help=f"The host to protect, instead of those of the configuration; {_HOSTNAME} where there is none.",
)
def guide(provider: str, config_file: Path | None, hostname: str | None) -> None:
    """Tell what to register with a provider, and what to paste.

    PROVIDER is a name of the configuration ([provider.NAME]), or one of google, github, gitlab, microsoft,
    entra, facebook, linkedin, amazon, twitch, okta, keycloak, authentik, auth0, oidc (any OpenID Connect
    provider) and saml (any SAML provider). No configuration is needed.

    Prints every address to register with the provider, for each host that uses it, the scopes, and a block
    of configuration.
    """
    loaded = None if hostname is not None and config_file is None else _configuration(config_file)
    from outerward.guides import ALIASES, GUIDES  # noqa: PLC0415 - loads the whole program

    known = loaded.settings.provider if loaded is not None else {}
    if loaded is not None and provider in known:
        click.echo(_of_configured(loaded, provider, hostname))
        return
    kind = ALIASES.get(provider.lower(), provider.lower())
    if kind not in GUIDES:
        raise click.UsageError(_unknown(provider, [*known, *GUIDES]))
    click.echo(_of_kind(GUIDES[kind], kind, loaded, hostname))


def _configuration(config_file: Path | None) -> "Loaded | None":
    """The configuration, if there is one. Raises ConfigErrors where it is wrong."""
    if config_file is None and usual_files.usual_file() is None:
        return None
    from outerward.config import load_settings  # noqa: PLC0415 - loads the whole program

    return load_settings(config_file, os.environ)


def _of_configured(loaded: "Loaded", name: str, hostname: str | None) -> str:
    from idp_adapters import OAuthSettings, OidcSettings, SamlSettings  # noqa: PLC0415 - see above
    from outerward.guides import (  # noqa: PLC0415
        GUIDES,
        Told,
        dashboard_origin_of,
        edge_port_of,
        guide_text,
        origins_of,
        to_register,
    )

    provider = loaded.settings.provider[name]
    saml = provider if isinstance(provider, SamlSettings) else None
    scopes: tuple[str, ...] = ()
    if isinstance(provider, OAuthSettings):
        found = GUIDES[provider.provider]
        scopes = provider.scopes or provider.preset.scopes
    else:
        found = GUIDES["saml" if saml else "oidc"]
        scopes = provider.scopes if isinstance(provider, OidcSettings) else ()
    port = edge_port_of(loaded.settings)
    origins = origins_of(loaded.settings, name, port) if hostname is None else _origins(hostname)
    told = Told(
        guide=found,
        name=name,
        entries=to_register(found, name, origins, saml),
        scopes=scopes,
        configured=f"[provider.{name}] in {printable_path(loaded.path)}",
    )
    dashboard = dashboard_origin_of(loaded.settings, name) if hostname is None else ""
    return guide_text(told) + _remarks(loaded.settings, origins, port, dashboard)


def _of_kind(found: "Guide", kind: str, loaded: "Loaded | None", hostname: str | None) -> str:
    from outerward.guides import Told, edge_port_of, guide_text, origins_of, scopes_of, to_register  # noqa: PLC0415

    origins: tuple[str, ...] = ()
    if loaded is not None and hostname is None:
        origins = origins_of(loaded.settings, None, edge_port_of(loaded.settings))
    has_tunnels = bool(origins)
    chosen = hostname or _HOSTNAME
    told = Told(
        guide=found,
        name=kind,
        entries=to_register(found, kind, origins or _origins(chosen)),
        scopes=scopes_of(found),
        hostname=None if has_tunnels else _canonical(chosen),
    )
    return guide_text(told)


def _canonical(hostname: str) -> str:
    from outerward.addresses import canonical_hostname  # noqa: PLC0415 - see above

    try:
        return canonical_hostname(hostname)
    except ValueError as error:
        raise click.UsageError(f"--hostname {error}") from None


def _origins(hostname: str) -> tuple[str, ...]:
    """The origin that ``hostname`` has where nothing else is configured."""
    from outerward.config import public_origin  # noqa: PLC0415 - see above
    from proxy import EdgeSettings  # noqa: PLC0415 - see above

    edge = EdgeSettings()
    return (str(public_origin(edge, _canonical(hostname), None, int(edge.listen[0].rpartition(":")[2]))),)


def _remarks(settings: "Settings", origins: tuple[str, ...], port: int, dashboard: str) -> str:
    """What is odd about the addresses, of which those at ``dashboard`` are the administrators'."""
    remarks = [_about_visitors(settings, [each for each in origins if each != dashboard], port, dashboard)]
    if dashboard:
        remarks.append(
            f"The addresses at {dashboard} are the dashboard's (admin.provider): it signs people in itself,"
            " also where all other logins run on one host."
        )
    if dashboard.endswith(":0"):
        remarks.append("admin.listen asks for a free port: put the port that it gets in place of 0.")
    return "".join(f"\n\n{remark}" for remark in remarks if remark)


def _about_visitors(settings: "Settings", origins: Sequence[str], port: int, dashboard: str) -> str:
    if not origins:
        return "" if dashboard else _UNUSED
    if port == 0 and any(origin.endswith(":0") for origin in origins):
        return "edge.listen asks for a free port: put the port that it gets in place of 0."
    if settings.edge.login_host is not None:
        return "All logins run on edge.login_host, so its addresses are the only ones."
    return ""


def _unknown(provider: str, names: Iterable[str]) -> str:
    listed = list(dict.fromkeys(names))
    near = difflib.get_close_matches(provider.lower(), listed, n=1)
    hint = f" (did you mean {printable(near[0])}?)" if near else ""
    return f"there is no provider {printable(provider)}{hint}; known are {', '.join(map(printable, listed))}"
