"""What an identity provider says of itself: read as they publish it, and refused where it is doubtful."""

import math

import pytest
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from idp_adapters.saml import names
from idp_adapters.saml.metadata import (
    IdpMetadata,
    SamlEndpoint,
    document_of,
    endpoint_by,
    metadata_request,
    read_metadata,
)
from idp_adapters.saml.settings import SamlSettings
from tests.support.saml_messages import (
    IDP_ENTITY_ID,
    NOW,
    SamlIdentityProvider,
    certificate_of,
    foreign_key,
    in_base64,
    instant,
)
from tests.support.saml_metadata import (
    CERTIFICATE,
    SETTINGS,
    SLO,
    SSO,
    URL,
    Entity,
    federation,
    key,
    read,
    refusal,
)

OTHER_ID = "https://other.example.com"


def fresh_s(document: str | Entity) -> float:
    text = document.xml() if isinstance(document, Entity) else document
    return read_metadata(text.encode(), SETTINGS, NOW)[1]


def picking(entity_id: str) -> SamlSettings:
    return SamlSettings(idp_metadata_url=URL, idp_entity_id=entity_id)


# What is read


def test_a_providers_metadata_is_read_whole() -> None:
    url = "https://idp.example.com/slo"

    assert read(Entity()) == IdpMetadata(
        entity_id=IDP_ENTITY_ID,
        sso=(SamlEndpoint(names.BY_REDIRECT, "https://idp.example.com/sso", "https://idp.example.com/sso"),),
        slo=(SamlEndpoint(names.BY_POST, url, url),),
        certificates=(CERTIFICATE,),
        wants_signed_requests=False,
    )


def test_python3_saml_reads_the_same() -> None:
    document = SamlIdentityProvider().metadata()
    theirs = OneLogin_Saml2_IdPMetadataParser.parse(document)["idp"]
    ours = read(document)

    assert (ours.entity_id, ours.sso[0].url, ours.slo[0].url) == (
        theirs["entityId"],
        theirs["singleSignOnService"]["url"],
        theirs["singleLogoutService"]["url"],
    )
    assert in_base64(ours.certificates[0]) == theirs["x509cert"]


@pytest.mark.parametrize(
    "document",
    [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- published daily -->\n{Entity().xml()}',
        f"\ufeff{Entity().xml()}",
        Entity(before="<md:Extensions><x:y xmlns:x='urn:x'><x:z/></x:y></md:Extensions>").xml(),
        Entity(services=f"<!-- addresses -->{SSO}<md:NameIDFormat>urn:x</md:NameIDFormat>").xml(),
    ],
    ids=["declared", "byte-order-mark", "extensions", "comments"],
)
def test_what_others_write_around_it_does_not_matter(document: str) -> None:
    assert read(document).entity_id == IDP_ENTITY_ID


def test_only_redirect_and_post_are_kept_in_the_providers_order() -> None:
    services = "".join(
        f'<md:SingleSignOnService Binding="{binding}" Location="https://idp.example.com/{place}"/>'
        for place, binding in enumerate(
            [names.BY_POST, "urn:mace:shibboleth:1.0:profiles", names.BY_REDIRECT, "x"]
        )
    )
    sso = read(Entity(services=services)).sso

    assert [(each.binding, each.url) for each in sso] == [
        (names.BY_POST, "https://idp.example.com/0"),
        (names.BY_REDIRECT, "https://idp.example.com/2"),
    ]
    assert endpoint_by(sso, names.BY_REDIRECT) == sso[1]
    assert endpoint_by(sso[:1], names.BY_REDIRECT) == sso[0]
    assert endpoint_by((), names.BY_REDIRECT) is None


def test_answers_may_have_an_address_of_their_own() -> None:
    url = "https://idp.example.com/slo"
    service = (
        f'<md:SingleLogoutService Binding="{names.BY_POST}" Location="{url}" ResponseLocation="{url}/r"/>'
    )

    assert read(Entity(services=service + SSO)).slo == (SamlEndpoint(names.BY_POST, url, f"{url}/r"),)


@pytest.mark.parametrize(
    ("value", "wants"), [("true", True), ("1", True), ("false", False), ("0", False), ("yes", False)]
)
def test_whether_requests_must_be_signed_is_read(*, value: str, wants: bool) -> None:
    assert read(Entity(role_attributes=f' WantAuthnRequestsSigned="{value}"')).wants_signed_requests is wants


# Which entity


def test_the_one_provider_of_a_federation_needs_no_name() -> None:
    sp = Entity(entity_id=OTHER_ID, role="SPSSODescriptor").xml()

    assert read(federation(sp, federation(federation(Entity().xml()), sp))).entity_id == IDP_ENTITY_ID


def test_saml_37_of_several_providers_the_configured_one_is_taken() -> None:
    document = federation(Entity(OTHER_ID, keys=[key(certificate_of(foreign_key()))]).xml(), Entity().xml())

    assert "idp_entity_id must say which" in refusal(document)
    assert read(document, picking(IDP_ENTITY_ID)).certificates == (CERTIFICATE,)
    assert read(document, picking(OTHER_ID)).certificates == (certificate_of(foreign_key()),)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (Entity(OTHER_ID).xml(), "is not in it, but 'https://other.example.com'"),
        (Entity(f"{IDP_ENTITY_ID}/").xml(), "is not in it, but"),
        (federation(), "is not in it, but no entity"),
        (federation(Entity().xml(), Entity().xml()), "be there once"),
        (Entity(role="SPSSODescriptor").xml(), "no identity provider"),
        (Entity(protocols="urn:oasis:names:tc:SAML:1.1:protocol").xml(), "no identity provider"),
        (Entity(protocols=f"{names.PROTOCOL}x").xml(), "no identity provider"),
        (Entity(protocols="").xml(), "no identity provider"),
        (Entity(OTHER_ID, before=f"<md:Extensions>{Entity().xml()}</md:Extensions>").xml(), "is not in it"),
        (federation(f"<x>{Entity().xml()}</x>"), "is not in it, but no entity"),
        (Entity().xml().replace(names.METADATA, "urn:other"), "is not in it, but no entity"),
    ],
    ids=[
        "another",
        "slash",
        "nobody",
        "twice",
        "sp",
        "saml-1",
        "prefix",
        "none",
        "extension",
        "wrapped",
        "namespace",
    ],
)
def test_saml_37_another_entity_than_configured_is_refused(document: str, words: str) -> None:
    assert words in refusal(document, picking(IDP_ENTITY_ID))


@pytest.mark.parametrize(
    "document",
    [federation(), Entity(role="SPSSODescriptor").xml(), Entity(protocols="").xml(), "<x/>"],
    ids=["nobody", "sp", "no-protocol", "something-else"],
)
def test_metadata_without_a_provider_is_refused(document: str) -> None:
    assert "no identity provider" in refusal(document)


@pytest.mark.parametrize(
    "entity_id", ["", " x", "x\t", "x&#10;y", "x" * 1025], ids=["empty", "blank", "tab", "line-end", "long"]
)
def test_an_entity_id_that_cannot_be_one_is_refused(entity_id: str) -> None:
    assert "entityID" in refusal(Entity(entity_id))


# How long


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ("", 3600),
        (f' validUntil="{instant(NOW + 1800)}"', 1800),
        (f' validUntil="{instant(NOW + 1)}"', 60),
        (f' validUntil="{instant(NOW + 10**8)}"', 3600),
        (' cacheDuration="PT10M"', 600),
        (' cacheDuration="P1DT1H"', 86400),
        (' cacheDuration="PT1H2M3.5S"', 3723),
        (' cacheDuration="P1Y2M3D"', 86400),
        (' cacheDuration="PT0S"', 60),
        (f' validUntil="{instant(NOW + 7200)}" cacheDuration="PT3H"', 7200),
    ],
    ids=["none", "until", "soon", "far", "ten-minutes", "day", "parts", "date-parts", "zero", "least"],
)
def test_freshness_is_what_is_said_within_a_minute_and_a_day(attributes: str, seconds: float) -> None:
    assert fresh_s(Entity(attributes=attributes)) == seconds
    assert fresh_s(Entity(role_attributes=attributes)) == seconds
    assert fresh_s(federation(federation(Entity().xml()), attributes=attributes)) == seconds


def test_saml_37_metadata_that_ran_out_on_any_level_is_refused() -> None:
    past = f' validUntil="{instant(NOW)}"'

    for document in (
        Entity(attributes=past).xml(),
        Entity(role_attributes=past).xml(),
        federation(federation(Entity().xml()), attributes=past),
        federation(federation(Entity().xml(), attributes=past)),
    ):
        assert "it was valid until 2027-01-15T08:00:00Z only" in refusal(document)
    assert read(federation(Entity().xml(), Entity(OTHER_ID, attributes=past, role="SPSSODescriptor").xml()))


@pytest.mark.parametrize(
    "attribute",
    [
        'validUntil="tomorrow"',
        'validUntil="2027-01-16"',
        'validUntil="2027-02-30T00:00:00Z"',
        'validUntil="2027-01-16T00:00:00+02:00"',
        'cacheDuration="1h"',
        'cacheDuration="P"',
        'cacheDuration="PT"',
        'cacheDuration="-PT1H"',
        'cacheDuration=""',
    ],
)
def test_times_that_cannot_be_read_are_refused(attribute: str) -> None:
    assert attribute.partition("=")[0] in refusal(Entity(attributes=f" {attribute}"))


# Where to


def service(url: str, response: str = "") -> str:
    answers = f' ResponseLocation="{response}"' if response else ""
    return f'<md:SingleLogoutService Binding="{names.BY_REDIRECT}" Location="{url}"{answers}/>'


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://idp.example.com/slo",
        "javascript:alert(1)",
        "https://10.0.0.1/",
        "https://u:p@idp.example.com/",
        "/slo",
    ],
    ids=["empty", "http", "script", "private", "user", "path"],
)
def test_an_address_that_a_browser_must_not_be_sent_to_is_refused(url: str) -> None:
    assert "an endpoint is refused" in refusal(Entity(services=service(url) + SSO))
    assert "an endpoint is refused" in refusal(
        Entity(services=SSO.replace("https://idp.example.com/sso", url))
    )
    if url:
        assert "an endpoint is refused" in refusal(
            Entity(services=service("https://idp.example.com/slo", url) + SSO)
        )


def test_a_provider_without_an_address_for_logins_is_refused() -> None:
    assert "no SingleSignOnService" in refusal(Entity(services=SLO))
    assert read(Entity(services=SSO)).slo == ()


PLAIN_SSO = SSO.replace("https://idp.example.com", "http://idp.localhost:8080")
PLAIN_SLO = service("http://idp.localhost:8081/slo")
ELSEWHERE = service("http://other.localhost/slo")


@pytest.mark.parametrize("from_url", [True, False], ids=["url", "inline"])
def test_plain_http_is_for_the_one_host_of_a_private_network(*, from_url: bool) -> None:
    def settings(*, private: bool) -> SamlSettings:
        url, inline = ("http://idp.localhost/metadata", "") if from_url and private else (URL, "")
        if not from_url:
            url, inline = "", "<x/>"
        return SamlSettings(idp_metadata_url=url, idp_metadata=inline, allow_private_network=private)

    assert read(Entity(services=PLAIN_SLO + PLAIN_SSO), settings(private=True)).sso[0].url.startswith("http:")
    assert "refused" in refusal(Entity(services=PLAIN_SLO + PLAIN_SSO), settings(private=False))
    assert "refused" in refusal(Entity(services=ELSEWHERE + PLAIN_SSO), settings(private=True))


def test_the_private_host_is_that_of_the_metadata_where_it_has_a_url() -> None:
    settings = SamlSettings(idp_metadata_url="http://metadata.localhost/", allow_private_network=True)

    assert "refused" in refusal(Entity(services=PLAIN_SLO + PLAIN_SSO), settings)


# Where it comes from


def test_the_document_of_a_url_is_asked_for() -> None:
    request = metadata_request(SETTINGS)

    assert (request.method, request.url, request.body) == ("GET", URL, b"")


@pytest.mark.parametrize(
    ("text", "inline"),
    [("<a/>", True), ("\n <a/>", True), ("\ufeff<a/>", True), ("/etc/idp.xml", False), ("idp.xml", False)],
    ids=["xml", "indented", "byte-order-mark", "path", "name"],
)
def test_metadata_in_the_settings_is_xml_or_a_path(*, text: str, inline: bool) -> None:
    settings = SamlSettings(idp_metadata=text)

    assert document_of(settings) == (b"<a/>" if inline else None)
    assert document_of(SETTINGS) is None


def test_the_least_of_what_the_levels_say_is_how_long_it_is_valid() -> None:
    soon, late = f' validUntil="{instant(NOW + 100)}"', f' validUntil="{instant(NOW + 900)}"'
    assert read(Entity()).valid_until == math.inf
    assert read(Entity(attributes=late)).valid_until == NOW + 900
    assert read(Entity(attributes=late, role_attributes=soon)).valid_until == NOW + 100
    assert read(federation(Entity(attributes=late).xml(), attributes=soon)).valid_until == NOW + 100
