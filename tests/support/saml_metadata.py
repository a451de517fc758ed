"""An identity provider's metadata as text, each part of which can be set for one test."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from cryptography import x509

from idp_adapters.provider import LoginError
from idp_adapters.saml import names
from idp_adapters.saml.metadata import IdpMetadata, read_metadata
from idp_adapters.saml.settings import SamlSettings
from tests.support.saml_messages import IDP_ENTITY_ID, NOW, certificate_of, in_base64, usual_key

URL = "https://idp.example.com/metadata.xml"
SETTINGS = SamlSettings(idp_metadata_url=URL)
CERTIFICATE = certificate_of(usual_key())
SSO = f'<md:SingleSignOnService Binding="{names.BY_REDIRECT}" Location="https://idp.example.com/sso"/>'
SLO = f'<md:SingleLogoutService Binding="{names.BY_POST}" Location="https://idp.example.com/slo"/>'


def key(certificate: x509.Certificate | str, use: str = ' use="signing"') -> str:
    text = certificate if isinstance(certificate, str) else in_base64(certificate)
    return f"""<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate>
</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"""


@dataclass(frozen=True)
class Entity:
    """One EntityDescriptor; attributes are written as XML has them, with a blank before."""

    entity_id: str = IDP_ENTITY_ID
    attributes: str = ""
    before: str = ""
    role: str = "IDPSSODescriptor"
    protocols: str = f"urn:oasis:names:tc:SAML:1.1:protocol {names.PROTOCOL}"
    role_attributes: str = ""
    keys: Sequence[str] = field(default_factory=lambda: [key(CERTIFICATE)])
    services: str = SLO + SSO

    def xml(self) -> str:
        return f"""<md:EntityDescriptor xmlns:md="{names.METADATA}" xmlns:ds="{names.DSIG}"
 entityID="{self.entity_id}"{self.attributes}>{self.before}
<md:{self.role} protocolSupportEnumeration="{self.protocols}"{self.role_attributes}>
{"".join(self.keys)}{self.services}</md:{self.role}></md:EntityDescriptor>"""


def federation(*members: str, attributes: str = "") -> str:
    inside = "".join(members)
    return f'<md:EntitiesDescriptor xmlns:md="{names.METADATA}"{attributes}>{inside}</md:EntitiesDescriptor>'


def read(document: str | bytes | Entity, settings: SamlSettings = SETTINGS) -> IdpMetadata:
    text = document.xml() if isinstance(document, Entity) else document
    return read_metadata(text.encode() if isinstance(text, str) else text, settings, NOW)[0]


def refusal(document: str | bytes | Entity, settings: SamlSettings = SETTINGS) -> str:
    with pytest.raises(LoginError) as caught:
        read(document, settings)
    assert caught.value.reason == "provider_misconfigured"
    assert caught.value.detail.startswith("metadata: ")
    return caught.value.detail
