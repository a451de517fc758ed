"""What a provider says of itself: where its document lies, and whether it is one that can be used.

OpenID Connect Discovery 1.0 §3 and §4, RFC 8414 §2, RFC 9207 §3. Pure: the document comes from the rim, and
an unacceptable one is never half used.
"""

from collections.abc import Mapping

import msgspec
from authlib.oidc.discovery import get_well_known_url

from idp_adapters.destinations import Destinations, UrlError
from idp_adapters.oidc.issuer import is_document_of
from idp_adapters.oidc.quirks import STANDARD, Quirks
from idp_adapters.provider import LoginError
from idp_adapters.settings import OidcSettings
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Request


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The checked part of a provider's metadata; ``userinfo_endpoint`` and
    ``end_session_endpoint`` are "" where there is none. In ``issuer`` a tenant may be left open."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    announces_issuer: bool
    prompts: tuple[str, ...] | None


def metadata_request(issuer: str) -> Request:
    """Where the metadata of ``issuer`` lies (Discovery §4.1)."""
    return Request("GET", str(get_well_known_url(issuer, external=True)))


def read_metadata(answer: Answer, settings: OidcSettings, quirks: Quirks = STANDARD) -> Metadata:
    """Check the provider's document against what is configured.

    Raises LoginError: *provider_error* for an answer that says "not now", else *provider_misconfigured*.
    """
    if answer.status == 429 or answer.status >= 500:
        raise LoginError("provider_error", f"discovery answered {answer.status}")
    if answer.status != 200:
        raise _unusable(f"discovery answered {answer.status}")
    try:
        document = read_object(answer.body)
    except JsonError as error:
        raise _unusable(f"discovery: {error}") from None
    issuer = document.get("issuer")
    if not is_document_of(issuer, settings.issuer, quirks):
        raise _unusable(f"discovery names the issuer {issuer!a}, not {settings.issuer!a}")
    _check_capabilities(document, settings)
    destinations = Destinations.of(settings.issuer, allow_private_network=settings.allow_private_network)
    return Metadata(
        issuer=str(issuer),
        authorization_endpoint=_endpoint(document, "authorization_endpoint", destinations),
        token_endpoint=_endpoint(document, "token_endpoint", destinations),
        jwks_uri=_endpoint(document, "jwks_uri", destinations),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", destinations, required=False),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", destinations, required=False),
        announces_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        prompts=_strings(document, "prompt_values_supported"),
    )


def _check_capabilities(document: Mapping[str, object], settings: OidcSettings) -> None:
    """A list that is missing is no objection; one that is there must hold what the flow needs."""
    needs: list[tuple[str, tuple[str, ...]]] = [
        ("response_types_supported", ("code",)),
        ("code_challenge_methods_supported", ("S256",)),
        ("id_token_signing_alg_values_supported", settings.id_token_algs),
    ]
    if settings.response_mode != "query":
        needs.append(("response_modes_supported", (settings.response_mode,)))
    # Large providers take public clients without listing "none", which is no method of authentication.
    if settings.client_auth != "none":
        needs.append(("token_endpoint_auth_methods_supported", (settings.client_auth,)))
    for name, needed in needs:
        offered = _strings(document, name)
        if offered is not None and not set(needed).intersection(offered):
            raise _unusable(f"{name} has none of {', '.join(needed)}")


def _strings(document: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise _unusable(f"{name} is not a list of strings")
    return tuple(entry for entry in value if isinstance(entry, str))


def _endpoint(
    document: Mapping[str, object], name: str, destinations: Destinations, *, required: bool = True
) -> str:
    url = document.get(name)
    if url is None and not required:
        return ""
    if not isinstance(url, str):
        raise _unusable(f"{name} is missing")
    try:
        destinations.check_url(url)
    except UrlError as error:
        raise _unusable(f"{name} is refused: {error}") from None
    return url


def _unusable(detail: str) -> LoginError:
    return LoginError("provider_misconfigured", detail)
