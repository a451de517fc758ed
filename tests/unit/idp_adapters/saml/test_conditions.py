"""Each rule about a verified assertion, and each by itself: nothing else stands behind it here."""

from dataclasses import replace

import pytest
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.assertion import VerifiedAssertion, attributes_of, name_id_of
from idp_adapters.saml.conditions import check_assertion
from idp_adapters.saml.names import ASSERTION, SUCCESS
from idp_adapters.saml.status import check_status
from idp_adapters.saml.times import check_issued, check_not_over, optional_instant, read_instant
from tests.support.saml_messages import NOW, Edit, Response, SamlIdentityProvider, expected, instant
from tests.support.saml_misdirected import AUDIENCES, ISSUERS, REQUESTS, SHAPES, SUBJECTS, TIMES
from tests.support.saml_victim import Attack, Victim, adding, find, parsed, removing, setting, writing

_VICTIM = Victim(response=Response(sign="neither"))
_IDP = SamlIdentityProvider()


def _checked(octets: bytes) -> VerifiedAssertion:
    assertion = etree.fromstring(octets).find(".//{*}Assertion")
    assert assertion is not None
    return check_assertion(assertion, expected(_IDP, now=NOW))


def _reason(attack: Attack) -> str:
    victim = replace(_VICTIM, response=replace(_VICTIM.response, sign="neither"))
    with pytest.raises(LoginError) as caught:
        _checked(attack(victim))
    return caught.value.reason


def _checked_after(edit: Edit) -> VerifiedAssertion:
    return _checked(_VICTIM.octets(edit=edit))


def test_a_good_assertion_is_read() -> None:
    assert _checked(_VICTIM.octets()).id == "_assertion"


_OUTSIDE = {
    "InResponseTo of the Response stripped",
    "InResponseTo changed in the Response",
    "another Issuer of the Response",
    "no Issuer of the Response",
    "the Response issued 11 minutes ago",
    "the Response issued in 11 minutes",
}
_EXPIRED = {
    "confirmation expired 61 s ago",
    "conditions expired 61 s ago",
    "everything expired 61 s ago",
    "the assertion issued 11 minutes ago",
    "all of it 11 minutes early",
    "the session over",
}
_SKEWED = {
    "valid in ten minutes",
    "the assertion issued in 11 minutes",
    "all of it 11 minutes late",
    "signed in tomorrow",
}
_RULES = {**REQUESTS, **AUDIENCES, **ISSUERS, **TIMES, **SUBJECTS}


@pytest.mark.parametrize("name", [name for name in _RULES if name not in _OUTSIDE])
def test_an_assertion_that_is_not_for_this_login_is_refused(name: str) -> None:
    reason = "expired" if name in _EXPIRED else "clock_skew" if name in _SKEWED else "invalid_response"
    assert _reason(_RULES[name]) == reason


_INNER_SHAPES = ["Version 1.1 of the assertion", "no Version", "no ID of the assertion", "an empty ID"]


@pytest.mark.parametrize("name", _INNER_SHAPES)
def test_an_assertion_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(LoginError) as caught:
        _checked(SHAPES[name](_VICTIM))
    assert caught.value.reason == "invalid_response"


@pytest.mark.parametrize("name", ["OneTimeUse", "ProxyRestriction"])
def test_a_condition_that_holds_by_itself_is_no_objection(name: str) -> None:
    assert _checked_after(adding("//saml:Conditions", f"<saml:{name}/>")).name_id == "ada"


def test_conditions_need_no_times_of_their_own() -> None:
    assert _checked_after(setting("//saml:Conditions", NotBefore=None, NotOnOrAfter=None)).name_id == "ada"


def test_two_confirmations_that_fit_are_no_objection() -> None:
    def twice(root: etree._Element) -> None:
        confirmation = find(root, "//saml:SubjectConfirmation")
        confirmation.addnext(etree.fromstring(etree.tostring(confirmation, with_tail=False)))

    assert _checked_after(twice).name_id == "ada"


@pytest.mark.parametrize(
    "xml", ["<saml:NameID>x</saml:NameID>", "<saml:SubjectConfirmationData/>"], ids=["name", "more data"]
)
def test_a_confirmation_with_more_in_it_is_refused(xml: str) -> None:
    with pytest.raises(LoginError):
        _checked_after(adding("//saml:SubjectConfirmation", xml))
    with pytest.raises(LoginError):
        _checked_after(adding("//saml:SubjectConfirmationData", xml))


def test_a_name_id_for_us_may_say_so() -> None:
    assert (
        _checked_after(setting("//saml:NameID", SPNameQualifier=_VICTIM.response.audience)).name_id == "ada"
    )


def test_a_name_id_without_a_format_is_unspecified() -> None:
    assert _checked_after(setting("//saml:NameID", Format=None)).name_id_format.endswith(":unspecified")


@pytest.mark.parametrize("path", ["//saml:NameID", "saml:Assertion/saml:Issuer", "//saml:Audience"])
def test_text_with_something_in_it_is_refused_not_cut(path: str) -> None:
    with pytest.raises(LoginError):
        _checked_after(adding(path, "<saml:b/>"))


@pytest.mark.parametrize(
    ("data", "conditions", "until"),
    [(100, 300, 160), (300, 100, 160), (9000, 9000, 660), (9000, None, 660)],
    ids=["confirmation", "conditions", "age", "no conditions"],
)
def test_an_assertion_is_remembered_as_long_as_it_could_be_used(
    data: int, conditions: int | None, until: int
) -> None:
    def edit(root: etree._Element) -> None:
        setting("//saml:SubjectConfirmationData", NotOnOrAfter=instant(NOW + data))(root)
        ends = None if conditions is None else instant(NOW + conditions)
        setting("//saml:Conditions", NotOnOrAfter=ends)(root)

    assert _checked_after(edit).usable_until == NOW + until


def test_it_could_be_used_until_the_first_confirmation_ends() -> None:
    def edit(root: etree._Element) -> None:
        confirmation = find(root, "//saml:SubjectConfirmation")
        copy = etree.fromstring(etree.tostring(confirmation, with_tail=False))
        copy[0].set("NotOnOrAfter", instant(NOW + 100))
        confirmation.addnext(copy)

    assert _checked_after(edit).usable_until == NOW + 160


def _attributes(*xml: str) -> dict[str, tuple[str, ...]]:
    statements = "".join(f"<saml:AttributeStatement>{one}</saml:AttributeStatement>" for one in xml)
    return attributes_of(parsed(f"<saml:Assertion>{statements}</saml:Assertion>"))


def _attribute(name: str, *values: str, friendly: str = "") -> str:
    inner = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    extra = f' FriendlyName="{friendly}"' if friendly else ""
    return f'<saml:Attribute Name="{name}"{extra}>{inner}</saml:Attribute>'


def test_attributes_of_all_statements_are_put_together() -> None:
    assert _attributes(_attribute("a", "1", "2") + _attribute("b", ""), _attribute("a", "3")) == {
        "a": ("1", "2", "3"),
        "b": ("",),
    }


def test_a_friendly_name_is_never_what_an_attribute_is_called() -> None:
    both = _attribute("urn:oid:1", "1", friendly="mail") + _attribute("cn", "2", friendly="urn:oid:1")
    assert _attributes(both) == {"urn:oid:1": ("1",), "cn": ("2",)}


@pytest.mark.parametrize(
    "name_id", ["", " ada", "ada&#10;", "a&#133;da", "ada&#8233;"], ids=["empty", "blank", "line", "c1", "ps"]
)
def test_saml_22_a_nameid_that_a_logout_would_not_take_is_refused_at_the_login(name_id: str) -> None:
    subject = f'<s xmlns:saml="{ASSERTION}"><saml:NameID>{name_id}</saml:NameID></s>'
    with pytest.raises(LoginError, match="invalid_claims"):
        name_id_of(etree.fromstring(subject), "")


def test_the_name_id_in_a_value_is_its_text() -> None:
    assert _attributes(_attribute("a", "\n<saml:NameID>x</saml:NameID> ")) == {"a": ("x",)}


@pytest.mark.parametrize(
    "value",
    [
        "x<saml:b/>",
        "<saml:b>x</saml:b>",
        "<saml:NameID>x</saml:NameID>y",
        "x<saml:NameID>y</saml:NameID>",
        "<saml:NameID>x<saml:b/></saml:NameID>",
        "<saml:NameID>x</saml:NameID><saml:NameID>y</saml:NameID>",
    ],
)
def test_an_attribute_with_other_markup_is_left_out_whole(value: str) -> None:
    assert _attributes(_attribute("a", "1", value) + _attribute("b", "2")) == {"b": ("2",)}
    assert _attributes(_attribute("a", "1"), _attribute("a", value)) == {}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2027-01-15T08:00:00Z", NOW),
        ("2027-01-15T08:00:00.5Z", NOW + 0.5),
        ("2027-01-15T08:00:00.123456789Z", NOW + 0.123456789),
        ("9999-12-31T23:59:59Z", 253402300799),
    ],
)
def test_a_time_is_read_to_its_fraction(text: str, seconds: float) -> None:
    assert read_instant(text, "it") == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2027-01-15",
        "2027-01-15T08:00:00",
        "2027-01-15T08:00:00z",
        "2027-01-15t08:00:00Z",
        "2027-01-15T08:00:00+00:00",
        "2027-01-15T08:00:00,5Z",
        "2027-01-15T08:00:00.Z",
        " 2027-01-15T08:00:00Z",
        "2027-01-15T08:00:00Z\n",
        "2027-02-29T08:00:00Z",
        "2027-01-15T24:00:00Z",
        "2027-01-15T08:00:60Z",
        "0000-01-15T08:00:00Z",
        "-2027-01-15T08:00:00Z",
        "٢027-01-15T08:00:00Z",
    ],
)
def test_a_time_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(LoginError, match="it is not a time") as caught:
        read_instant(text, "it")
    assert caught.value.reason == "invalid_response"
    assert optional_instant(None, "it") is None


def test_times_are_judged_to_the_second() -> None:
    check_not_over(100, 159.9, "it")
    check_issued(100, 40, None, "it")
    check_issued(100, 700, 160, "it")
    with pytest.raises(LoginError, match="expired"):
        check_not_over(100, 160, "it")


@pytest.mark.parametrize(
    ("now", "requested_at", "reason"),
    [(39.9, None, "clock_skew"), (700.1, None, "expired"), (200, 160.1, "clock_skew")],
    ids=["future", "old", "before it was asked for"],
)
def test_an_instant_of_issue_is_judged_to_the_second(
    now: float, requested_at: float | None, reason: str
) -> None:
    with pytest.raises(LoginError) as caught:
        check_issued(100, now, requested_at, "it")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "edit", [removing("samlp:Status"), removing("//samlp:StatusCode")], ids=["none", "empty"]
)
def test_a_message_without_a_status_is_refused(edit: Edit) -> None:
    with pytest.raises(LoginError) as caught:
        check_status(_VICTIM.tree(edit=edit))
    assert caught.value.reason == "invalid_response"


def test_success_is_one_code_and_no_other() -> None:
    check_status(_VICTIM.tree())
    for code in (SUCCESS.lower(), f"{SUCCESS} ", f"{SUCCESS}2", ""):
        with pytest.raises(LoginError):
            check_status(_VICTIM.tree(edit=setting("//samlp:StatusCode", Value=code)))


def test_the_audience_is_compared_octet_by_octet() -> None:
    with pytest.raises(LoginError):
        _checked_after(writing("//saml:Audience", f"\n{_VICTIM.response.audience}\n"))
