"""A SAML Response verified whole, closed at every step.

Gate, our own decryption, the gate again, our own verification, a second opinion on what was verified, and the
checks of what it says. SAML Profiles §4.1.4. Pure, but it takes milliseconds: run it in a thread.
"""

from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml import second_opinion
from idp_adapters.saml.assertion import VerifiedAssertion
from idp_adapters.saml.conditions import check_assertion, check_head
from idp_adapters.saml.decryption import decrypt_assertion, undecipherable
from idp_adapters.saml.expected import Expected
from idp_adapters.saml.gate import ASSERTION_TAG, ENCRYPTED_TAG, read_assertion, read_message
from idp_adapters.saml.second_opinion import Evidence
from idp_adapters.saml.signature import verified_octets
from idp_adapters.saml.signature_shape import SIGNATURE
from idp_adapters.saml.status import check_status

__all__ = ["Expected", "VerifiedAssertion", "verify_response"]


def verify_response(octets: bytes, expected: Expected) -> VerifiedAssertion:
    """Verify ``octets``, a Response as it was posted, before base64, and read its one assertion.

    Cheap checks come before any cryptography. Raises LoginError for whatever is not entirely right.
    """
    message = read_message(octets, "Response")
    _check_message(message, expected)
    is_signed = message.find(SIGNATURE) is not None
    if is_signed:
        message = read_message(verified_octets(message, expected.certificates), "Response")
        _check_message(message, expected)
    assertion, evidence = _verified_assertion(message, octets, expected, is_signed=is_signed)
    try:
        second_opinion.agree(evidence, expected)
    except LoginError:
        check_assertion(assertion, expected)  # where ours refuses too, it says why
        raise
    return check_assertion(assertion, expected)


def _check_message(message: etree._Element, expected: Expected) -> None:
    """What the Response says about itself, and that there is something in it that can be verified."""
    check_head(message, expected, "the Response")
    destination = message.get("Destination")
    if destination != expected.acs_url and (destination is not None or message.find(SIGNATURE) is not None):
        raise LoginError("invalid_response", "Destination is not our address")
    if message.get("InResponseTo") != expected.request_id:
        raise LoginError("invalid_response", "the Response does not answer this login's request")
    check_status(message)
    assertion = message.find(ASSERTION_TAG)
    if assertion is None and message.find(ENCRYPTED_TAG) is None:
        raise LoginError("invalid_response", "the Response has no assertion")
    if assertion is not None and expected.want_encrypted:
        raise LoginError("invalid_token", "the assertion is not encrypted, and want_encrypted is set")


def _verified_assertion(
    message: etree._Element, octets: bytes, expected: Expected, *, is_signed: bool
) -> tuple[etree._Element, Evidence]:
    """The assertion as verified octets say it, and what the second opinion is asked about.

    ``message`` is what was received, or what the Response's own signature covers where ``is_signed``.
    """
    assertion = message.find(ASSERTION_TAG)
    if assertion is None:
        return _verified_encrypted(message, octets, expected, is_signed=is_signed)
    inner_signed = assertion.find(SIGNATURE) is not None
    if inner_signed:
        assertion = read_assertion(verified_octets(assertion, expected.certificates))
    elif not is_signed:
        raise LoginError("invalid_token", "neither the Response nor its assertion is signed")
    return assertion, Evidence(octets, response_signed=is_signed, assertion_signed=inner_signed)


def _verified_encrypted(
    message: etree._Element, octets: bytes, expected: Expected, *, is_signed: bool
) -> tuple[etree._Element, Evidence]:
    """The same for an encrypted assertion: whatever is wrong within is told with one sentence."""
    encrypted = message.find(ENCRYPTED_TAG)
    if encrypted is None:
        raise undecipherable()
    plain = decrypt_assertion(encrypted, expected.private_keys, expected.allow_cbc)
    try:
        assertion = read_assertion(plain)
        inner_signed = assertion.find(SIGNATURE) is not None
        if inner_signed:
            assertion = read_assertion(verified_octets(assertion, expected.certificates))
        elif not is_signed:
            raise undecipherable()
    except LoginError:
        raise undecipherable() from None
    return assertion, Evidence(octets, response_signed=is_signed, assertion_signed=inner_signed, plain=plain)
