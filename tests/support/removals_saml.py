"""Checks that are taken away: whose a SAML answer is, for whom, how long, and what it says of a person."""

from tests.support.removed_checks import Edit, Removal, removals

_SAML = "idp_adapters/saml"
_TESTS = "tests/unit/idp_adapters/saml"
_RESPONSE = tuple(
    f"{_TESTS}/test_response.py::{name}"
    for name in (
        "test_an_unsolicited_answer_that_answers_something_is_refused",
        "test_an_answer_without_success_says_what_the_provider_said",
        "test_where_encryption_is_wanted_plain_assertions_are_refused",
        "test_nothing_is_verified_before_the_cheap_checks",
        "test_the_second_opinion_counts",
    )
)
_ANEW = "test_where_it_is_configured_the_person_must_have_signed_in_anew"
_ATTACKS = (f"{_TESTS}/test_attacks.py::test_a_hostile_response_is_refused",)
_CONDITIONS = (f"{_TESTS}/test_conditions.py",)
_METADATA = (f"{_TESTS}/test_metadata.py",)
_METADATA_SIGNED = (f"{_TESTS}/test_metadata_signed.py",)
_OPINION = "second_opinion.agree(evidence, expected)"

_ANSWER = (
    Removal(
        "a Response or its assertion is signed",
        (
            Edit(
                f"{_SAML}/response.py",
                'elif not is_signed:\n        raise LoginError("invalid_token"',
                'elif False:\n        raise LoginError("invalid_token"',
            ),
            Edit(f"{_SAML}/response.py", _OPINION, "pass"),
        ),
        _ATTACKS,
    ),
    Removal(
        "an encrypted assertion is signed, outside or inside",
        (
            Edit(
                f"{_SAML}/response.py",
                "elif not is_signed:\n            raise undecipherable()",
                "elif False:\n            raise undecipherable()",
            ),
            Edit(f"{_SAML}/response.py", _OPINION, "pass"),
        ),
        _ATTACKS,
    ),
    *removals(
        f"{_SAML}/response.py",
        _RESPONSE,
        ("python3-saml agrees", _OPINION, "pass"),
        ("a Response answers this login's request", 'if message.get("InResponseTo") != expected.request_id:'),
        ("the status is success", "    check_status(message)\n", ""),
        (
            "an assertion is encrypted where that is wanted",
            "if assertion is not None and expected.want_encrypted:",
        ),
        (
            "cheap checks come before cryptography",
            "    _check_message(message, expected)\n    is_signed",
            "    is_signed",
        ),
    ),
    *removals(
        f"{_SAML}/response.py",
        (f"{_TESTS}/test_verified_octets.py",),
        (
            "a signed Response is read from verified octets",
            'message = read_message(verified_octets(message, expected.certificates), "Response")',
            "verified_octets(message, expected.certificates)",
        ),
        (
            "a signed assertion is read from verified octets",
            "        assertion = read_assertion(verified_octets(assertion, expected.certificates))\n    elif",
            "        verified_octets(assertion, expected.certificates)\n    elif",
        ),
        (
            "a decrypted assertion is read from verified octets",
            "assertion = read_assertion(verified_octets(assertion, expected.certificates))\n        elif",
            "verified_octets(assertion, expected.certificates)\n        elif",
        ),
    ),
    *removals(
        f"{_SAML}/response.py",
        _ATTACKS,
        (
            "Destination is our address whole",
            "if destination != expected.acs_url and (destination is not None or ",
            'if not (destination or "").startswith(expected.acs_url) and (destination is not None or ',
        ),
    ),
    *removals(
        f"{_SAML}/conditions.py",
        _ATTACKS,
        (
            "Recipient is our address whole",
            'if data.get("Recipient") != expected.acs_url:',
            'if not data.get("Recipient", "").startswith(expected.acs_url):',
        ),
    ),
    *removals(
        f"{_SAML}/second_opinion.py",
        (f"{_TESTS}/test_second_opinion.py",),
        (
            "python3-saml wants signed what was found signed",
            '"wantAssertionsSigned": assertion,',
            '"wantAssertionsSigned": False,',
        ),
        ("python3-saml never decrypts", "if _now.get() is not None:"),
        (
            "python3-saml verifies with our context",
            "onelogin.saml2.utils.xmlsec = _restricted_xmlsec()\n",
            "",
        ),
    ),
    *removals(
        f"{_SAML}/keys.py",
        (f"{_TESTS}/test_keys.py",),
        ("our own key is long enough", "if private_key.key_size < MIN_RSA_BITS:"),
        ("our certificate is of our key", "if private_key.public_key().public_numbers() != theirs:"),
    ),
    *removals(
        f"{_SAML}/decryption.py",
        (f"{_TESTS}/test_decryption.py",),
        ("AES-CBC only where it is allowed", "if is_cbc and not allow_cbc:"),
        ("a key is never encrypted with RSA 1.5", "if transport not in (_OAEP, _OAEP11):"),
        ("only so many keys are tried", "if not 0 < len(keys) <= MAX_KEYS:", "if not keys:"),
        (
            "what was decrypted is one element",
            "if len(whole) != 1 or f\"{whole.text or ''}{whole[0].tail or ''}\".strip():",
        ),
    ),
    *removals(
        f"{_SAML}/response.py",
        (f"{_TESTS}/test_decryption.py",),
        (
            "whatever is wrong inside sounds the same",
            "    except LoginError:\n        raise undecipherable() from None",
            "    except LoginError:\n        raise",
        ),
    ),
    *removals(
        f"{_SAML}/authn_request.py",
        (f"{_TESTS}/test_authn_request.py",),
        ("an answer is of the provider that was asked", "if transaction.idp_entity_id != idp_entity_id:"),
        ("an answer comes to the address that was asked for", "if transaction.acs_url != party.answer:"),
    ),
    *removals(
        f"{_SAML}/provider.py",
        (
            "tests/integration/saml/test_saml_logins.py::test_an_unasked_answer_is_refused_unless_it_is_allowed",
        ),
        (
            "an unasked answer is refused unless it is allowed",
            "if transaction is None and not self._settings.allow_idp_initiated:",
        ),
    ),
)

_CONDITIONS_OF = (
    *removals(
        f"{_SAML}/conditions.py",
        _CONDITIONS,
        ("an assertion is of version 2.0", 'if element.get("Version") != "2.0":'),
        ("an assertion has an ID", "if not identifier:"),
        (
            "the Issuer is the provider",
            'if issuer.get("Format", _ENTITY) != _ENTITY or text_of(issuer) != expected.idp_entity_id:',
        ),
        ("every confirmation is a bearer's", 'if confirmation.get("Method") != BEARER:'),
        ("a confirmation holds nothing more", "if len(confirmation) != 1 or len(data):"),
        (
            "a confirmation answers this login's request",
            'if data.get("InResponseTo") != expected.request_id:',
        ),
        ("a confirmation has no NotBefore", 'if data.get("NotBefore") is not None:'),
        (
            "a confirmation is not over",
            '    check_not_over(ends, expected.now, "NotOnOrAfter of the confirmation")\n',
            "",
        ),
        (
            "a confirmation has an end",
            'ends = read_instant(data.get("NotOnOrAfter"), "NotOnOrAfter of the confirmation")',
            'ends = optional_instant(data.get("NotOnOrAfter"), "NotOnOrAfter") or float("inf")',
        ),
        (
            "the conditions have begun",
            'check_begun(optional_instant(conditions.get("NotBefore"), "NotBefore"), ',
            "check_begun(None, ",
        ),
        (
            "the conditions are not over",
            '    check_not_over(ends, expected.now, "NotOnOrAfter of the conditions")\n',
            "",
        ),
        ("the audience is restricted", "if not restrictions:"),
        (
            "every restriction counts",
            "for restriction in restrictions:",
            "for restriction in restrictions[:1]:",
        ),
        (
            "the audience is us alone",
            "if not audiences or any(audience != ours for audience in audiences):",
            "if ours not in audiences:",
        ),
        (
            "no condition is unknown",
            "if len(restrictions) + sum(child.tag in _HARMLESS for child in conditions) != len(conditions):",
        ),
        (
            "the provider's session is not over",
            '    check_not_over(ends, expected.now, "SessionNotOnOrAfter")\n',
            "",
        ),
        (
            "the person did not sign in in the future",
            '    check_begun(instant, expected.now, "AuthnInstant")\n',
            "",
        ),
    ),
    *removals(
        f"{_SAML}/conditions.py",
        (f"tests/integration/saml/test_saml_logins.py::{_ANEW}",),
        (
            "the person signed in anew where that was asked",
            "if since is not None and instant < since - SKEW_S:",
        ),
    ),
    *removals(
        f"{_SAML}/assertion.py",
        _CONDITIONS,
        ("a NameID is for us", 'if name_id.get("SPNameQualifier", audience) != audience:'),
        ("text is read whole or refused", "if len(element):"),
        ("no attribute is encrypted on its own", 'if attribute.tag != f"{{{ASSERTION}}}Attribute":'),
    ),
    *removals(
        f"{_SAML}/times.py",
        _CONDITIONS,
        (
            "nothing was issued before it was asked for",
            "if requested_at is not None and issued < requested_at - SKEW_S:",
        ),
        ("nothing was issued more than ten minutes ago", "if issued < now - MAX_AGE_S:"),
        (
            "a time is in UTC and says so",
            'match = _INSTANT.fullmatch(text or "")',
            'match = _INSTANT.match((text or "").removesuffix("Z") + "Z")',
        ),
        ("clocks are 60 s apart at most", "SKEW_S: Final = 60\n", "SKEW_S: Final = 300\n"),
    ),
    *removals(
        f"{_SAML}/person.py",
        (f"{_TESTS}/test_person.py",),
        ("a transient NameID is no subject", 'if assertion.name_id_format == NAMEID_FORMATS["transient"]:'),
        (
            "a subject's attribute has one value",
            "if len(values) != 1:\n            raise",
            "if not values:\n            raise",
        ),
        (
            "names have no blanks at their edge",
            "if value != value.strip():\n        raise",
            "if False:\n        raise",
        ),
        ("names have no control characters", "if not is_writable(value):"),
        (
            "several e-mails are none",
            'if len(values) == 1 else ""\n\n\ndef _name',
            'if values else ""\n\n\ndef _name',
        ),
        (
            "a group that could read differently is dropped",
            "return len(value) <= MAX_GROUP and value == value.strip() and is_writable(value)",
            "return True",
        ),
        ("only so many groups are taken", "if len(values) > MAX_GROUPS:"),
    ),
)

_METADATA_OF = (
    *removals(
        f"{_SAML}/metadata.py",
        _METADATA,
        (
            "metadata is of the configured entity",
            'found = [entity for entity in entities if entity.get("entityID") == wanted]',
            "found = entities[:1]",
        ),
        ("metadata names one provider", "if len(found) > 1:"),
        ("metadata has not run out", "if until is not None and until <= now:"),
        (
            "addresses for answers are public and https",
            "destinations.check_url(endpoint.response_url)",
            "pass",
        ),
    ),
    *removals(
        f"{_SAML}/metadata.py",
        (f"{_TESTS}/test_metadata_addresses.py",),
        ("addresses for requests are public and https", "destinations.check_url(endpoint.url)", "pass"),
    ),
    *removals(
        f"{_SAML}/metadata.py",
        (f"{_TESTS}/test_metadata_keys.py",),
        (
            "a key for encryption signs nothing",
            'if descriptor.get("use", "signing") == "signing":',
            "if True:",
        ),
        (
            "a weak key in metadata signs nothing",
            "return certificate if strong_rsa or strong_curve else None",
            "return certificate",
        ),
    ),
    *removals(
        f"{_SAML}/metadata.py",
        _METADATA_SIGNED,
        ("metadata is signed where that is configured", "if settings.idp_metadata_certificate:"),
        (
            "metadata is read from verified octets",
            "root = _tree(_verified(root, entity, settings.idp_metadata_certificate))",
            "_verified(root, entity, settings.idp_metadata_certificate)",
        ),
        (
            "a signature on metadata is of the plain shape",
            "            check_signature(signatures[0], signed)\n",
            "",
        ),
    ),
    *removals(
        f"{_SAML}/provider.py",
        (
            "tests/hostile/test_saml_metadata_of_providers.py::test_saml_37_metadata_that_has_run_out_since_it_was_read_signs_nobody_in",
        ),
        ("metadata that ran out since it was read is not used", "if self._clock() >= idp.valid_until:"),
    ),
)

_THREADS = removals(
    f"{_SAML}/threads.py",
    (f"{_TESTS}/test_threads.py",),
    ("a flood of verifications is turned away", "if self._waiting >= self._most_waiting:"),
    ("verifications that hang replace the process", "if self._count_lost == self._most_lost:"),
    (
        "what nobody waits for any more is not verified",
        "if self.given_up:\n            return",
        "if False:\n            return",
    ),
)

REMOVALS = (*_ANSWER, *_CONDITIONS_OF, *_METADATA_OF, *_THREADS)
