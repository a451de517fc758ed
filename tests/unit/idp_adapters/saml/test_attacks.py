"""Every message of the catalogue is refused, soon, for its own reason, and without a look elsewhere.

SAML rows of the hostile cases. The catalogue's own honesty is tested too: left alone, its message gets in.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp_adapters.provider import LoginError
from idp_adapters.saml import second_opinion
from idp_adapters.saml.gate import read_message
from idp_adapters.saml.response import verify_response
from idp_adapters.saml.signature import verified_octets
from tests.support.saml_attacks import ATTACKS, HARMLESS, LOGOUT_ATTACKS, Victim
from tests.support.saml_expressions import NAMES
from tests.support.saml_hostile_crypto import SIGNATURES
from tests.support.saml_hostile_encryption import ENCRYPTION
from tests.support.saml_hostile_xml import ENCODINGS, LARGE, MARKUP
from tests.support.saml_messages import expected
from tests.support.saml_misdirected import ADDRESSES, AUDIENCES, ISSUERS, REQUESTS, SHAPES, SUBJECTS, TIMES
from tests.support.saml_wrapping import WRAPPING

_VICTIM = Victim()
_GROUPS = {
    "wrapping": WRAPPING,
    "signatures": SIGNATURES,
    "encryption": ENCRYPTION,
    "encodings": {f"encoding: {name}": attack for name, attack in ENCODINGS.items()},
    "markup": MARKUP,
    "large": LARGE,
    "addresses": ADDRESSES,
    "requests": REQUESTS,
    "audiences": AUDIENCES,
    "issuers": ISSUERS,
    "times": TIMES,
    "subjects": SUBJECTS,
    "shapes": SHAPES,
    "names": NAMES,
}
_REASONS = {
    "addresses": {"invalid_response"},
    "requests": {"invalid_response"},
    "audiences": {"invalid_response"},
    "issuers": {"invalid_response"},
    "times": {"invalid_response", "expired", "clock_skew"},
    "subjects": {"invalid_response"},
    "shapes": {"invalid_response", "provider_error"},
    "encodings": {"invalid_response"},
    "large": {"invalid_response"},
    "encryption": {"invalid_response", "invalid_token"},
    "signatures": {"invalid_response", "invalid_token", "weak_signature"},
    "markup": {"invalid_response", "invalid_token"},
    "wrapping": {"invalid_response", "invalid_token"},
    "names": {"invalid_response", "invalid_token"},
}


def _refusal(octets: bytes, victim: Victim = _VICTIM) -> LoginError:
    began = time.perf_counter()
    with pytest.raises(LoginError) as caught:
        verify_response(octets, expected(victim.idp, now=victim.response.now))
    assert time.perf_counter() - began < 0.5
    return caught.value


def test_the_untouched_message_gets_in() -> None:
    for sign in ("assertion", "response", "both"):
        for encryption in (None, _VICTIM.encryption()):
            octets = _VICTIM.octets(sign=sign, encryption=encryption)
            assert verify_response(octets, expected(_VICTIM.idp)).name_id == _VICTIM.response.name_id


def test_the_catalogue_holds_every_group_whole() -> None:
    names = [name for group in _GROUPS.values() for name in group]
    assert sorted(ATTACKS) == sorted(names)


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, attacks in _GROUPS.items() for name in attacks]
)
def test_a_hostile_response_is_refused(group: str, name: str) -> None:
    assert _refusal(_GROUPS[group][name](_VICTIM)).reason in _REASONS[group]


@pytest.mark.parametrize("name", [*ATTACKS])
def test_a_hostile_response_is_refused_without_the_second_opinion(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_opinion, "agree", lambda *_: None)
    _refusal(ATTACKS[name](_VICTIM))


@pytest.mark.parametrize("name", [*HARMLESS])
def test_what_may_be_let_in_tells_nothing_but_what_was_signed(name: str) -> None:
    octets = HARMLESS[name](_VICTIM)
    try:
        assertion = verify_response(octets, expected(_VICTIM.idp))
    except LoginError:
        return
    assert assertion.name_id == "ada"
    assert assertion.attributes == {"email": ("ada@example.com",), "groups": ("ops", "dev")}


@pytest.mark.parametrize("name", [*LOGOUT_ATTACKS])
def test_a_hostile_logout_request_is_refused(name: str) -> None:
    octets = LOGOUT_ATTACKS[name](_VICTIM)
    with pytest.raises(LoginError):
        verified_octets(read_message(octets, "LogoutRequest"), [_VICTIM.idp.certificate])


def test_the_untouched_logout_request_gets_in() -> None:
    message = read_message(_VICTIM.idp.logout(_VICTIM.logout), "LogoutRequest")
    assert verified_octets(message, [_VICTIM.idp.certificate])


_REFERRING = [
    name
    for name in ATTACKS
    if any(word in name for word in ("Reference", "Retrieval", "entity", "DOCTYPE", "XInclude", "Manifest"))
]


class _Listener:
    """Counts who connects."""

    def __init__(self) -> None:
        self.hits = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture(scope="module")
def listener() -> Iterator[_Listener]:
    made = _Listener()
    yield made
    made.close()


@pytest.mark.parametrize("name", _REFERRING)
def test_nothing_is_opened_and_nothing_is_fetched(name: str, tmp_path: Path, listener: _Listener) -> None:
    """The file is a FIFO that nobody writes to: whoever opens it stays there until the test times out."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    victim = Victim(file_url=fifo.as_uri(), http_url=listener.url)
    _refusal(ATTACKS[name](victim), victim)
    assert listener.hits == 0
