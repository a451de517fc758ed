"""Every hostile SAML message of the catalogue, posted to a running edge (SAML-01 to SAML-40).

Each comes as the answer to a login of its own that is under way, and changes nothing: no session, no user,
nothing for the upstream, no file opened, no address asked. The good answer to that login is taken after it.
"""

import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from session_store import Store
from tests.support.http_client import Answer
from tests.support.saml_attacks import ATTACKS, HARMLESS
from tests.support.saml_crypto import RSA_SHA1, Signing
from tests.support.saml_scene import USUAL, Begun, SamlScene, code_of, saml_scene
from tests.support.saml_trap import Trap, trap

ROWS = {
    "SAML-10 wrapped behind encryption": r".*encrypted (assertion|one$)|an unsigned assertion, encrypted",
    "SAML-38 CipherReference": r".*CipherReference",
    "SAML-39 Reference or RetrievalMethod to elsewhere": r"file: |http: |RetrievalMethod",
    "SAML-40 inside EncryptedAssertion": r".*inner signature",
    "SAML-40 what is encrypted": r".* encrypted$|.*cipher text|no key|five keys|two EncryptedData|a DataRef",
    "SAML-01 unsigned": r"unsigned$|.*signature removed|an unsigned assertion in Extensions",
    "SAML-02 XSW1, SAML-07 XSW6": r"XSW1 XSW6",
    "SAML-03 XSW2": r"XSW2",
    "SAML-04 XSW3": r"XSW3",
    "SAML-05 XSW4": r"XSW4",
    "SAML-06 XSW5": r"XSW5",
    "SAML-08 XSW7": r"XSW7",
    "SAML-09 XSW8": r"XSW8",
    "SAML-11 signed by a stranger": r".*by a stranger(,|$| over| in)",
    "SAML-12 changed after it was signed": r"changed ",
    "SAML-14 not for this service": r"another root|another namespace|SAML 1.1|Version|no Version",
    "SAML-15 InResponseTo": r".*InResponseTo",
    "SAML-16 status": r".*[Ss]tatus$|.* under (a|an) .*status|no assertion$",
    "SAML-18 audience": r".*[Aa]udience|.*Conditions|a condition|a NameID of another service",
    "SAML-19 Recipient and Destination": r".*(Recipient|Destination)",
    "SAML-20 issuer": r".*Issuer (and|in capitals|of|with)|another Issuer|no Issuer|two Issuers|an Issuer",
    "SAML-21 times": r".*(expired|ago|valid in|in 11 minutes|11 minutes|NotBefore|NotOnOrAfter)",
    "SAML-21 more times": r"the session over|signed in|.*Instant|a time|a day|a year",
    "SAML-22 comments and instructions": r".* in a NameID|comment|instruction",
    "SAML-23 subject": r".*(Subject|NameID|confirmation|Confirmation|Statement|attribute encrypted)",
    "SAML-24 shape of signatures": r".*(two (Sign|Key)|Reference|ID$|no ID|Object|Properties)",
    "SAML-24 values of signatures": r"an empty (Signature|Digest)Value|no canonical|a thousand|no method",
    "SAML-25 weak algorithms": r".*(SHA-1|MD5|1024|HMAC|RSA 1.5|CBC)|a method|digest|a cipher",
    "SAML-26 transforms, by the provider": r"transforms: ",
    "SAML-26 transforms, by a stranger": r"transforms by|SignedInfo canonicalised",
    "SAML-27 encodings": r"encoding: ",
    "SAML-27 markup": r"DOCTYPE|.*(entity|laughs|quadratic|stylesheet|XInclude|declar|XML|nothing$|HTML)",
    "SAML-27 broken markup": r"cut short|two roots|something after",
    "SAML-30 large": r"10 MB|one octet|elements in|60,000|namespaces|15,000",
    "SAML further ones": r"",
}
"""Which names of the catalogue belong to a row; the first that fits counts."""
UNREAD_MOST_S = 0.5
"""CPU of the edge and of this client for one message and its answer: ten times what the row asks for."""


def names_of(row: str) -> list[str]:
    """The attacks of ``row``."""
    return [name for name in ATTACKS if row_of(name) == row]


def row_of(name: str) -> str:
    """The row that an attack belongs to."""
    return next(row for row, pattern in ROWS.items() if re.match(pattern, name))


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[SamlScene]:
    async with saml_scene(store) as running:
        yield running


@pytest.fixture
async def snare(tmp_path: Path) -> AsyncIterator[Trap]:
    async with trap(tmp_path) as set_up:
        yield set_up


def test_every_row_has_an_attack_in_the_catalogue() -> None:
    assert [row for row in ROWS if not names_of(row)] == []


@pytest.mark.parametrize("row", list(ROWS))
async def test_saml_a_hostile_answer_is_refused_and_the_good_one_is_taken_after_it(
    scene: SamlScene, snare: Trap, row: str
) -> None:
    for name in names_of(row):
        begun = await scene.begin()
        victim = await scene.victim(begun, file_url=snare.file_url, http_url=snare.http_url)
        message = b64encode(ATTACKS[name](victim))
        form = urlencode({"SAMLResponse": message, "RelayState": begun.state}).encode()

        used = time.process_time()
        answer = await scene.send(form)
        used = time.process_time() - used

        assert 400 <= answer.status < 500, (name, answer.status)
        await scene.assert_refused(answer)
        assert not snare.touched, name
        assert used < UNREAD_MOST_S, (name, used)
        good = await scene.post(scene.response(begun), begun.state)
        assert good.status == 303, (name, good.body)


@pytest.mark.parametrize("name", list(HARMLESS))
async def test_saml_22_32_only_the_signed_name_and_groups_are_ever_read(scene: SamlScene, name: str) -> None:
    begun = await scene.begin()
    answer = await scene.post(HARMLESS[name](await scene.victim(begun)), begun.state)

    if answer.status != 303:
        await scene.assert_refused(answer)
        return
    assert (await scene.finish(answer, begun)).status == 302
    await assert_is_ada(scene)


async def test_saml_32_groups_twice_where_both_are_signed_are_all_read(scene: SamlScene) -> None:
    await scene.sign_in(attributes={"email": ["ada@example.com"], "groups": ["ops", "dev"]})
    await assert_is_ada(scene)


@pytest.mark.parametrize(
    ("how", "method"),
    [(Signing(algorithm=RSA_SHA1), b"RSA with SHA-1")],
    ids=["RSA-SHA1"],
)
async def test_saml_25_the_page_about_a_weak_signature_says_what_to_change(
    scene: SamlScene, how: Signing, method: bytes
) -> None:
    begun = await scene.begin()
    answer = await scene.post(scene.response(begun, replace(USUAL, signing=how)), begun.state)

    await scene.assert_refused(answer)
    assert code_of(answer) == 2034
    assert method in answer.body


@pytest.mark.parametrize("name", ["", " ada", "ada\t", "a\x85da", "ada\u2028", "a\u200bda\ud7ff\x7f"])
async def test_saml_22_a_signed_name_that_reads_differently_elsewhere_is_refused(
    scene: SamlScene, name: str
) -> None:
    begun = await scene.begin()
    answer = await scene.post(scene.response(begun, name_id=name), begun.state)

    assert 400 <= await status_after(scene, answer, begun) < 500
    assert (await scene.store.users(limit=1, before=None)).items == []


async def test_saml_36_two_failures_within_an_encrypted_assertion_read_the_same(scene: SamlScene) -> None:
    pages = set()
    for name in (
        "the cipher text changed",
        "the key's cipher text changed",
        "garbage encrypted",
        "a DOCTYPE encrypted",
        "a stranger's inner signature",
        "SHA-1 in the inner signature",
        "XSLT in the inner signature",
        "another message encrypted",
    ):
        begun = await scene.begin()
        answer = await scene.post(ATTACKS[name](await scene.victim(begun)), begun.state)
        request_id = answer.header("x-request-id").encode()
        pages.add((answer.status, answer.body.replace(request_id, b"")))

    assert len(pages) == 1


async def status_after(scene: SamlScene, answer: Answer, begun: Begun) -> int:
    """The status of the last page: that of the answer, or of where it leads."""
    return answer.status if answer.status != 303 else (await scene.finish(answer, begun)).status


async def assert_is_ada(scene: SamlScene) -> None:
    """The one user is the one that the provider signed."""
    (view,) = (await scene.store.users(limit=5, before=None)).items
    principal = view.user.principal
    assert (principal.subject, principal.groups) == ("ada", ("ops", "dev"))
    assert principal.email == "ada@example.com"
