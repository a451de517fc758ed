"""From an assertion to an identity: whose word counts, and which values are refused."""

from typing import Any

import msgspec
import pytest

from idp_adapters.identity import Identity
from idp_adapters.provider import LoginError
from idp_adapters.saml import person
from idp_adapters.saml.assertion import VerifiedAssertion
from idp_adapters.saml.names import NAMEID_FORMATS
from idp_adapters.saml.person import MAX_GROUP, MAX_GROUPS, MAX_TEXT, identity_of
from idp_adapters.saml.settings import SamlAttributes, SamlSettings

_ISSUER = "https://idp.example.com/metadata"
_METADATA = "https://idp.example.com/metadata"
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


def _assertion(
    name_id: str = "ada", name_id_format: str = "persistent", session_index: str = "_s", **attributes: Any
) -> VerifiedAssertion:
    return VerifiedAssertion(
        id="_a",
        name_id=name_id,
        name_id_format=NAMEID_FORMATS.get(name_id_format, name_id_format),
        session_index=session_index,
        attributes={name: _tuple(values) for name, values in attributes.items()},
        issued_at=0.0,
        session_ends_at=None,
        usable_until=0.0,
        authn_instant=0.0,
    )


def _tuple(values: Any) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _settings(subject_attribute: str = "", **attributes: str) -> SamlSettings:
    return SamlSettings(
        idp_metadata_url=_METADATA,
        subject_attribute=subject_attribute,
        attributes=SamlAttributes(**attributes),
    )


def _identity(assertion: VerifiedAssertion, settings: SamlSettings | None = None) -> Identity:
    return identity_of(assertion, settings or _settings(), _ISSUER)


def _refused(assertion: VerifiedAssertion, settings: SamlSettings | None = None) -> str:
    with pytest.raises(LoginError) as caught:
        _identity(assertion, settings)
    assert caught.value.reason == "invalid_claims"
    return caught.value.detail


def test_a_whole_person_is_read() -> None:
    assertion = _assertion(
        email="ada@example.com", displayName="Ada Lovelace", uid="ada.l", groups=("ops", "dev, too", "ops")
    )
    assert _identity(assertion) == Identity(
        issuer=_ISSUER,
        subject="ada",
        username="ada.l",
        name="Ada Lovelace",
        email="ada@example.com",
        email_verified=True,
        groups=("ops", "dev, too"),
        session_id="_s",
    )


def test_a_person_may_be_no_more_than_a_name() -> None:
    assert _identity(_assertion()) == Identity(issuer=_ISSUER, subject="ada", session_id="_s")


@pytest.mark.parametrize(
    "name_id", [" ada", "ada ", "a\tda", "ada\n", "\u2028ada", "", " ", "a\x7f", "\xa0ada"]
)
def test_a_name_id_that_could_read_differently_is_refused(name_id: str) -> None:
    _refused(_assertion(name_id))


def test_a_name_id_of_any_other_characters_is_the_subject() -> None:
    for name_id in ("a b", "Ada@Example.com", "名", "<script>", "a" * MAX_TEXT):
        assert _identity(_assertion(name_id)).subject == name_id
    _refused(_assertion("a" * (MAX_TEXT + 1)))


def test_a_transient_name_id_is_no_subject() -> None:
    assert "transient" in _refused(_assertion(name_id_format="transient"))


@pytest.mark.parametrize("name_id_format", ["persistent", "unspecified", "emailAddress", "urn:x"])
def test_another_format_than_was_asked_for_is_accepted(name_id_format: str) -> None:
    assert _identity(_assertion(name_id_format=name_id_format)).subject == "ada"


def test_the_subject_may_come_from_an_attribute() -> None:
    settings = _settings("employee")
    assert _identity(_assertion(name_id_format="transient", employee="7"), settings).subject == "7"
    assert _identity(_assertion(name_id=" odd ", employee="7"), settings).subject == "7"


@pytest.mark.parametrize("values", [(), ("7", "8"), ("7", "7"), ("",), (" 7",), ("7\n",)], ids=repr)
def test_the_subjects_attribute_has_exactly_one_good_value(values: tuple[str, ...]) -> None:
    _refused(_assertion(employee=values), _settings("employee"))


def test_a_missing_subjects_attribute_is_refused() -> None:
    assert "0 values" in _refused(_assertion(), _settings("employee"))


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "mail",
        "emailAddress",
        "urn:oid:0.9.2342.19200300.100.1.3",
        f"{_CLAIMS}emailaddress",
    ],
)
def test_an_email_is_found_under_its_common_names_and_counts_as_verified(name: str) -> None:
    identity = _identity(_assertion(**{name: "ada@example.com"}))
    assert identity.email == "ada@example.com"
    assert identity.email_verified


@pytest.mark.parametrize("values", [("a@example.com", "b@example.com"), ("a@example.com", "a@example.com")])
def test_several_emails_are_none(values: tuple[str, ...]) -> None:
    identity = _identity(_assertion("ada@example.com", "emailAddress", mail=values))
    assert identity.email == ""
    assert not identity.email_verified


def test_a_name_id_that_is_an_email_fills_the_gap() -> None:
    identity = _identity(_assertion("ada@example.com", "emailAddress"))
    assert (identity.email, identity.email_verified) == ("ada@example.com", True)
    assert _identity(_assertion("ada@example.com", "unspecified")).email == ""
    assert _identity(_assertion("ada@example.com", "emailAddress"), _settings(email="work")).email == ""


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"displayName": "Ada L", "givenName": "Ada", "sn": "Lovelace", "cn": "al"}, "Ada L"),
        ({"givenName": "Ada", "sn": "Lovelace", "cn": "al"}, "Ada Lovelace"),
        ({f"{_CLAIMS}givenname": "Ada", f"{_CLAIMS}surname": "Lovelace"}, "Ada Lovelace"),
        ({"urn:oid:2.5.4.42": "Ada", "cn": "al"}, "Ada"),
        ({"cn": "al"}, "al"),
        ({"urn:oid:2.16.840.1.113730.3.1.241": " Ada L "}, "Ada L"),
        ({"displayName": ("Ada", "Bea"), "cn": "al"}, "al"),
        ({"displayName": "", "cn": "al"}, "al"),
    ],
    ids=["whole", "parts", "claims", "one part", "common", "padded", "several", "empty"],
)
def test_a_name_is_put_together_from_what_there_is(attributes: dict[str, Any], name: str) -> None:
    assert _identity(_assertion(**attributes)).name == name


@pytest.mark.parametrize(
    "name",
    [
        "username",
        "uid",
        "urn:oid:0.9.2342.19200300.100.1.1",
        "eduPersonPrincipalName",
        f"{_CLAIMS}upn",
        f"{_CLAIMS}name",
    ],
)
def test_a_username_is_found_under_its_common_names(name: str) -> None:
    assert _identity(_assertion(**{name: "ada.l"})).username == "ada.l"


@pytest.mark.parametrize(
    "name",
    [
        "groups",
        "memberOf",
        "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
        "http://schemas.xmlsoap.org/claims/Group",
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    ],
)
def test_groups_are_found_under_their_common_names_and_never_split(name: str) -> None:
    attributes: dict[str, Any] = {name: ("cn=a,ou=b", "x y;z")}
    assert _identity(_assertion(**attributes)).groups == ("cn=a,ou=b", "x y;z")


def test_the_operators_names_count_alone() -> None:
    settings = _settings(email="e", name="n", username="u", groups="g")
    common = _assertion(mail="a@example.com", displayName="A", uid="a", groups="a")
    nothing = _identity(common, settings)
    assert (nothing.email, nothing.name, nothing.username, nothing.groups) == ("", "", "", ())
    own = _identity(_assertion(mail="a@example.com", e="b@example.com", n="B", u="b", g="b"), settings)
    assert (own.email, own.name, own.username, own.groups) == ("b@example.com", "B", "b", ("b",))


def test_groups_that_could_read_differently_are_dropped_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[tuple[str, dict[str, object]]] = []

    class _Log:
        def warning(self, event: str, **values: object) -> None:
            warnings.append((event, values))

    monkeypatch.setattr(person, "log", _Log())
    groups = ("ops", " ops", "dev\n", "a\x00b", "x" * (MAX_GROUP + 1), "y" * MAX_GROUP, "")
    assert _identity(_assertion(groups=groups)).groups == ("ops", "y" * MAX_GROUP)
    assert warnings == [("groups_dropped", {"issuer": _ISSUER, "count": 4})]


def test_only_so_many_groups_are_taken() -> None:
    many = tuple(str(n) for n in range(MAX_GROUPS))
    assert _identity(_assertion(groups=many)).groups == many
    _refused(_assertion(groups=(*many, "one more")))


@pytest.mark.parametrize("name", ["mail", "displayName", "uid", "givenName"])
@pytest.mark.parametrize(
    "value", ["a\nb", "a\x1bb", "a\u2029b", "x" * (MAX_TEXT + 1)], ids=["LF", "ESC", "PS", "long"]
)
def test_values_that_break_a_header_or_a_log_refuse_the_login(name: str, value: str) -> None:
    _refused(_assertion(**{name: value}))


@pytest.mark.parametrize("name", ["mail", "uid"])
@pytest.mark.parametrize("value", [" ada", "ada ", "\u3000ada"])
def test_values_that_name_the_person_have_no_blanks_at_their_edge(name: str, value: str) -> None:
    assert "blanks" in _refused(_assertion(**{name: value}))


def test_a_session_index_with_control_characters_is_refused() -> None:
    _refused(_assertion(session_index="a\nb"))


def test_an_identity_can_be_kept() -> None:
    identity = _identity(_assertion(mail="ada@example.com", groups=("ops",)))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(identity), type=Identity) == identity
