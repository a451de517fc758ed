"""What we tell a provider of ourselves."""

from idp_adapters import LoginError, Provider
from proxy.login.answers import Answer, answer, document
from proxy.login.desk import log
from proxy.login.finish import about
from proxy.login.flow import party_of
from proxy.login.notices import failure_of
from proxy.login.visit import Visit
from proxy.problems import RESERVED_NOT_FOUND

_SAML_METADATA = "application/samlmetadata+xml"


async def tell_metadata(visit: Visit, provider: Provider) -> Answer:
    """Our metadata for ``provider`` (SAML Metadata, appendix A). Raises StoreUnavailable."""
    try:
        metadata = await provider.metadata(party_of(visit, provider))
    except LoginError as error:
        log.warning(
            "metadata_failed", reason=error.reason, detail=error.detail, **about(visit, provider.name)
        )
        return answer(visit, failure_of(error))
    return (
        answer(visit, RESERVED_NOT_FOUND) if metadata is None else document(visit, _SAML_METADATA, metadata)
    )
