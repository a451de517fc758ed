"""What we tell of ourselves: to a provider who we are, to an upstream which key signs identities."""

from idp_adapters import LoginError, Provider
from proxy.login.answers import Answer, answer, document
from proxy.login.desk import Desk, log
from proxy.login.finish import about
from proxy.login.notices import failure_of
from proxy.login.visit import Visit
from proxy.problems import RESERVED_NOT_FOUND

_JWKS = "application/jwk-set+json"
_SAML_METADATA = "application/samlmetadata+xml"


async def tell_keys(desk: Desk, visit: Visit) -> Answer:
    """The keys that verify ``X-Outerward-Jwt`` (RFC 7517 §5), where an endpoint here sends it.

    Raises StoreUnavailable.
    """
    if not any(route.identity_jwt for route in visit.host.routes):
        return answer(visit, RESERVED_NOT_FOUND)
    return document(visit, _JWKS, await desk.identity_key.document())


async def tell_metadata(desk: Desk, visit: Visit, provider: Provider) -> Answer:
    """Our metadata for ``provider`` (SAML Metadata, appendix A). Raises StoreUnavailable."""
    try:
        metadata = await provider.metadata(desk.party(visit, provider))
    except LoginError as error:
        log.warning(
            "metadata_failed", reason=error.reason, detail=error.detail, **about(visit, provider.name)
        )
        return answer(visit, failure_of(error))
    return (
        answer(visit, RESERVED_NOT_FOUND) if metadata is None else document(visit, _SAML_METADATA, metadata)
    )
