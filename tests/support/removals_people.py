"""Checks that are taken away: who an OpenID provider says came, at a login and when it is asked again."""

from tests.support.removed_checks import Removal, removals

_OIDC = "idp_adapters/oidc"
_UNIT = "tests/unit/idp_adapters"
_REAL = "tests/integration/idp_adapters"
_LOGOUT = "tests/integration/logout"
_OVERAGE = (f"{_UNIT}/test_overage.py",)
_SESSION = (f"{_UNIT}/test_session.py",)

_PERSON = (
    *removals(
        f"{_OIDC}/person.py",
        (f"{_REAL}/test_answers.py",),
        (
            "an e-mail is verified by the word of its own source",
            "_is_verified(email_source, settings, quirks)",
            "_is_verified({**userinfo, **id_token}, settings, quirks)",
        ),
        (
            "only the JSON true verifies an e-mail",
            "return verified is True or (",
            "return bool(verified) or (",
        ),
        ("no e-mail is not a verified one", "email_verified=bool(email) and ", "email_verified="),
        ("no claim in use controls a line", "if not is_writable(value):"),
        ("no name has blanks at its edge", "if value != value.strip():"),
        ("a claim in use is bounded", "if len(value) > MAX_TEXT:"),
        ("a claim in use is a text", "if not isinstance(value, str):", "if isinstance(value, list):"),
        ("groups are bounded", "if len(entries) > MAX_GROUPS:"),
        ("what cannot be a group is none", "if isinstance(entry, str) and _is_group(entry)]", "]"),
    ),
    *removals(
        f"{_OIDC}/person.py",
        (f"{_UNIT}/test_person.py",),
        (
            "an e-mail is believed from where the preset says",
            "return userinfo if quirks.email_from_userinfo else _source",
            "return _source",
        ),
        (
            "what verifies an e-mail is the preset's claim",
            "claims.get(quirks.verified_claim)",
            'claims.get("email_verified")',
        ),
    ),
    *removals(
        f"{_OIDC}/overage.py",
        _OVERAGE,
        (
            "the access token goes to the place of the groups alone",
            "if not isinstance(following, str) or (following and not _continues(following, url)):",
        ),
        (
            "a next page of groups is the same host and path",
            "return (theirs.scheme, theirs.netloc, theirs.path) == (ours.scheme, ours.netloc, ours.path)",
            "return True",
        ),
        ("groups elsewhere come with 200 alone", "if answer.status != 200:"),
        (
            "groups elsewhere are a list of groups",
            "if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):",
        ),
        (
            "groups elsewhere are never cut",
            'raise _failed(f"more than {MAX_PAGES} pages of groups")',
            "return groups",
        ),
    ),
)

_ASKED_AGAIN = (
    *removals(
        f"{_OIDC}/session.py",
        _SESSION,
        (
            "a refreshed ID token is for this client as its party",
            '        ("azp", claims.get("azp", client_id if len(audiences) == 1 else "") == client_id),\n',
            "",
        ),
        (
            "a refreshed ID token has not expired",
            '        ("exp", expires is not None and now <= expires + SKEW_S),\n',
            "",
        ),
    ),
    *removals(
        f"{_OIDC}/session.py",
        (f"{_LOGOUT}/test_refresh_told.py",),
        (
            "an e-mail that is told anew brings its verification",
            'fields = [*told, "email_verified"] if "email" in told else [*told]',
            "fields = [*told]",
        ),
        (
            "what userinfo no longer tells is gone",
            "{name: getattr(identity, name) for name in fields}",
            "{name: getattr(identity, name) or getattr(earlier, name) for name in fields}",
        ),
    ),
    *removals(
        f"{_OIDC}/provider.py",
        (f"{_REAL}/test_quirks.py::test_a_refresh_stays_with_its_tenant",),
        (
            "a refresh stays with the tenant of its login",
            "if issuers.of_person(signed.claims) != identity.issuer:",
        ),
    ),
    *removals(
        f"{_OIDC}/provider.py",
        (f"{_LOGOUT}/test_refresh_told.py",),
        (
            "what must not go on ends a session though its token is spent",
            "            if error.reason in _ENDS_A_SESSION:\n                raise\n",
            "",
        ),
    ),
    *removals(
        "idp_adapters/strict_json.py",
        (f"{_UNIT}/test_strict_json.py",),
        ("a member of a JSON object comes once", "if len(members) != len(pairs):"),
        ("a number in JSON has a value", "if not math.isfinite(number):"),
        ("JSON knows no NaN", "            parse_constant=_no_constant,\n", ""),
        (
            "a text in JSON can be written out",
            'if "\\\\u" in text:',
            "if False:",
        ),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_PERSON, *_ASKED_AGAIN)
