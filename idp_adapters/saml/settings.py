"""The settings of a ``[provider.NAME]`` section with ``type = "saml"``."""

import re
from typing import Annotated, Literal

import msgspec

from idp_adapters.destinations import Destinations, UrlError
from idp_adapters.identity import is_writable
from idp_adapters.saml.keys import read_key_pair
from idp_adapters.settings import Secret

MAX_ENTITY_ID = 1024
"""Characters (SAML Core §8.3.6)."""
_ABSOLUTE_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
)
"""A scheme and something after it, in the characters of RFC 3986 §2."""

Document = Annotated[str, msgspec.Meta(extra={"kind": "xml"})]
"""XML itself, or the path of a file of it."""
Certificate = Annotated[str, msgspec.Meta(extra={"kind": "pem"})]
"""Certificates in PEM form; in the configuration file also the path of a file of them."""


class SamlAttributes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which attribute of the assertion tells what; "" means that the common names are tried."""

    email: str = ""
    name: str = ""
    username: str = ""
    groups: str = ""


class SamlSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="saml"
):
    """One SAML identity provider, as the operator registered with it.

    Exactly one of ``idp_metadata_url`` and ``idp_metadata`` says who it is;
    ``idp_entity_id`` picks it out of a federation's metadata and refuses another, and
    ``idp_metadata_certificate`` wants that metadata signed. ``entity_id`` names us, by
    default each host's own metadata URL. ``sp_key`` and ``sp_certificate`` are PEM; without them a pair is
    made at first start and kept in the store. Raises ValueError in words where a value can never work:
    ``KEY: words``, or ``KEY, OTHER: words`` where it is about how they go together.
    """

    idp_metadata_url: str = ""
    idp_metadata: Document = ""
    idp_entity_id: str = ""
    idp_metadata_certificate: Certificate = ""
    display_name: str = ""
    entity_id: str = ""
    subject_attribute: str = ""
    attributes: SamlAttributes = SamlAttributes()
    nameid_format: Literal["persistent", "transient", "emailAddress", "unspecified"] = "persistent"
    sign_requests: bool = True
    want_encrypted: bool = False
    allow_cbc: bool = False
    allow_idp_initiated: bool = False
    force_authn: bool = False
    allow_private_network: bool = False
    sp_key: Secret = ""
    sp_certificate: Certificate = ""

    def __post_init__(self) -> None:
        self._check_names()
        if self.idp_metadata_url:
            self._check_url()
        if bool(self.sp_key) != bool(self.sp_certificate):
            missing, given = ("sp_certificate", "sp_key") if self.sp_key else ("sp_key", "sp_certificate")
            raise ValueError(f"{missing}, {given}: sp_key and sp_certificate go together")
        if self.sp_key:
            read_key_pair(self.sp_key, self.sp_certificate)
        if self.nameid_format == "transient" and not self.subject_attribute:
            raise ValueError(
                "subject_attribute, nameid_format: needed with nameid_format 'transient',"
                " or each login would be a new user"
            )
        # Last, since no default helps: whatever else is wrong has been said by then.
        if bool(self.idp_metadata_url) == bool(self.idp_metadata):
            raise ValueError(
                "idp_metadata_url, idp_metadata: exactly one of idp_metadata_url and idp_metadata is needed"
            )

    def __repr__(self) -> str:
        return f"SamlSettings(idp_metadata_url={self.idp_metadata_url!r}, ...)"

    def _check_names(self) -> None:
        """SAML Core §8.3.6; a provider's name need only be one that could stand in its metadata."""
        for key, name in (("entity_id", self.entity_id), ("idp_entity_id", self.idp_entity_id)):
            if len(name) > MAX_ENTITY_ID:
                raise ValueError(f"{key}: longer than {MAX_ENTITY_ID} characters (SAML Core §8.3.6)")
            if name != name.strip() or not is_writable(name):
                raise ValueError(f"{key}: has blanks at its edge, or control characters")
        if self.entity_id and not _ABSOLUTE_URI.fullmatch(self.entity_id):
            raise ValueError(
                "entity_id: must be an absolute URI without blanks, such as https://app.example.com/saml"
                " or urn:example:app (SAML Core §8.3.6)"
            )

    def _check_url(self) -> None:
        private = self.allow_private_network
        try:
            Destinations.of(self.idp_metadata_url, allow_private_network=private).check_url(
                self.idp_metadata_url
            )
        except UrlError as error:
            raise ValueError(f"idp_metadata_url: {error}") from None
