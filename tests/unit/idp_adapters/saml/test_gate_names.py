"""IDs that would be read as expressions, and names that cost, are refused before a library sees them."""

import pytest

from idp_adapters.provider import LoginError
from idp_adapters.saml.gate import MAX_DATA_REFERENCES, read_message
from idp_adapters.saml.strict_xml import MAX_NAME, read_tree
from tests.support.saml_expressions import EXPRESSIONS, LOGOUT_NAMES, NAMES
from tests.support.saml_victim import Victim

VICTIM = Victim()


@pytest.mark.parametrize("name", [*LOGOUT_NAMES])
def test_a_logout_request_has_a_plain_name(name: str) -> None:
    with pytest.raises(LoginError, match="invalid_token"):
        read_message(LOGOUT_NAMES[name](VICTIM), "LogoutRequest")


@pytest.mark.parametrize("what", [*EXPRESSIONS])
@pytest.mark.parametrize("whose", ["an assertion called", "a Response called", "an assertion signed as"])
def test_whatever_is_signed_has_a_plain_name(whose: str, what: str) -> None:
    with pytest.raises(LoginError, match="invalid_token"):
        read_message(NAMES[f"{whose} {what}"](VICTIM), "Response")


def test_data_references_are_few() -> None:
    with pytest.raises(LoginError, match=f"more than {MAX_DATA_REFERENCES} DataReferences"):
        read_message(NAMES["hundreds of DataReferences"](VICTIM), "Response")


@pytest.mark.parametrize(
    "octets",
    [b'<a xmlns="%b"/>', b'<a xmlns:b="%b"><b:c/></a>', b'<a xmlns:b="%b" b:c=""/>'],
    ids=["default", "element", "attribute"],
)
def test_a_name_is_short_with_its_namespace(octets: bytes) -> None:
    with pytest.raises(LoginError, match=f"longer than {MAX_NAME}"):
        read_tree(octets % (b"u" * MAX_NAME), limit=10_000)
    read_tree(octets % (b"u" * (MAX_NAME - 10)), limit=10_000)
