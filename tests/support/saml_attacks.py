"""The catalogue of hostile SAML messages, by name: what makes each of them out of a Victim.

    for name, attack in ATTACKS.items():
        post(attack(Victim(idp=..., response=Response(request_id=..., ...))))

Every one of ``ATTACKS`` is a Response that must be refused, where CBC is off, nothing else is trusted than
``victim.idp``, and the time is ``victim.response.now``. One of ``HARMLESS`` may be let in if nothing but the
signed name and attributes is read. ``LOGOUT_ATTACKS`` are LogoutRequests for the POST binding.
"""

from dataclasses import replace

from tests.support.saml_crypto import HMAC_SHA256, RSA_SHA1, SHA1, Signing
from tests.support.saml_expressions import LOGOUT_NAMES, NAMES
from tests.support.saml_hostile_crypto import SIGNATURES
from tests.support.saml_hostile_encryption import ENCRYPTION
from tests.support.saml_hostile_xml import ENCODINGS, HARMLESS_MARKUP, LARGE, MARKUP
from tests.support.saml_messages import SamlIdentityProvider, foreign_key
from tests.support.saml_misdirected import ADDRESSES, AUDIENCES, ISSUERS, REQUESTS, SHAPES, SUBJECTS, TIMES
from tests.support.saml_victim import Attack, Victim
from tests.support.saml_wrapping import LOGOUT_WRAPPING, WRAPPING

__all__ = ["ATTACKS", "HARMLESS", "LOGOUT_ATTACKS", "Attack", "Victim"]

ATTACKS: dict[str, Attack] = {
    **WRAPPING,
    **SIGNATURES,
    **ENCRYPTION,
    **{f"encoding: {name}": attack for name, attack in ENCODINGS.items()},
    **MARKUP,
    **LARGE,
    **ADDRESSES,
    **REQUESTS,
    **AUDIENCES,
    **ISSUERS,
    **TIMES,
    **SUBJECTS,
    **SHAPES,
    **NAMES,
}

HARMLESS: dict[str, Attack] = HARMLESS_MARKUP


def _logout_by_stranger(victim: Victim) -> bytes:
    return SamlIdentityProvider(victim.idp.entity_id, key=foreign_key()).logout(victim.logout)


def _logout_signed(how: Signing) -> Attack:
    return lambda victim: victim.idp.logout(replace(victim.logout, signing=how))


LOGOUT_ATTACKS: dict[str, Attack] = {
    **LOGOUT_WRAPPING,
    **LOGOUT_NAMES,
    "unsigned LogoutRequest": lambda victim: victim.idp.logout(replace(victim.logout, sign=False)),
    "LogoutRequest signed by a stranger": _logout_by_stranger,
    "LogoutRequest signed with SHA-1": _logout_signed(Signing(algorithm=RSA_SHA1)),
    "LogoutRequest with a digest of SHA-1": _logout_signed(Signing(digest=SHA1)),
    "LogoutRequest signed by HMAC": _logout_signed(Signing(algorithm=HMAC_SHA256)),
    "LogoutRequest changed after it was signed": lambda victim: victim.idp.logout(victim.logout).replace(
        f">{victim.logout.name_id}<".encode(), f">{victim.evil}<".encode()
    ),
    "a Response in the place of a LogoutRequest": lambda victim: victim.octets(sign="both"),
}
