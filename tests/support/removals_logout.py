"""Checks that are taken away: who may end a session from afar, by SAML and by OpenID Connect."""

from tests.support.removed_checks import Edit, Removal, removals

_SAML = "idp_adapters/saml"
_TESTS = "tests/unit/idp_adapters/saml"
_LOGOUT = (f"{_TESTS}/test_logout.py",)
_MESSAGES = (f"{_TESTS}/test_logout_messages.py",)
_SIGNED = (f"{_TESTS}/test_logout_signed.py",)
_REDIRECT = (f"{_TESTS}/test_redirect_binding.py",)
_OPENID = ("tests/unit/idp_adapters/test_logout.py",)

_BY_REDIRECT = (
    *removals(
        f"{_SAML}/redirect_binding.py",
        _REDIRECT,
        ("a query is signed by the provider", "    _verify(pieces, parameter, certificates)\n", ""),
        (
            "a query says no parameter twice",
            "if name in pieces:\n            raise",
            "if False:\n            raise",
        ),
        (
            "the signature covers the query as it came",
            "pieces[name] for name in (parameter",
            'f"{name}={_quoted(_value(pieces, name).encode())}" for name in (parameter',
        ),
        (
            "a query is not both a request and an answer",
            "if any(other in pieces for other in MESSAGES if other != parameter):",
        ),
        ("a query has no encoding but DEFLATE", 'if _value(pieces, "SAMLEncoding") not in ("", DEFLATE):'),
        ("a query is strictly percent-encoded", "if not _STRICT.fullmatch(text):"),
        ("one compressed message and nothing after it", "if not inflater.eof or inflater.unused_data:"),
        (
            "a message is not inflated beyond its limit",
            "inflater.decompress(deflated, MAX_MESSAGE + 1)",
            "inflater.decompress(deflated)",
        ),
    ),
)

_MESSAGE = (
    Removal(
        "a posted logout message is signed",
        (
            Edit(
                f"{_SAML}/logout.py",
                "return verified_octets(root, idp.certificates), values",
                "return gate.decode_base64(values[parameter], gate.MAX_ENCODED), values",
            ),
        ),
        _SIGNED,
    ),
    *removals(
        f"{_SAML}/logout.py",
        _LOGOUT,
        ("a form says no parameter twice", "if doubled:"),
        ("a form is not both a request and an answer", "if len(given) != 1:", "if not given:"),
        ("a long RelayState is not carried along", "if len(relay_state) > MAX_RELAY_STATE:"),
    ),
    *removals(
        f"{_SAML}/logout_checks.py",
        _LOGOUT,
        ("a logout message is of version 2.0", 'if message.get("Version") != "2.0":'),
        ("a logout message has an ID", 'if not 0 < len(message.get("ID", "")) <= MAX_ID:'),
        ("a logout message is for our address", 'if message.get("Destination") != party.logout:'),
        (
            "a logout message is of the provider",
            ' or text_of(issuer) != idp.entity_id or issuer.get("Format", ENTITY) != ENTITY',
            "",
        ),
        ("a logout message is not of the future", "if ahead > MAX_AGE_S:"),
        ("a logout message is not old", "if -ahead > MAX_AGE_S:"),
    ),
    *removals(
        f"{_SAML}/assertion.py",
        _LOGOUT,
        ("a name in a logout cannot be read in two ways", "if not is_exact(text):"),
    ),
    *removals(
        f"{_SAML}/logout_request.py",
        _LOGOUT,
        (
            "a logout request has not run out",
            'check_not_over(optional_instant(request.get("NotOnOrAfter"), "NotOnOrAfter"), ',
            "check_not_over(None, ",
        ),
        (
            "a logout names exactly one person",
            "if len(rest) != 1 or rest[0].tag not in _IDENTIFIERS:\n",
            "if not rest:\n",
        ),
        (
            "a logout counts once for as long as it is good",
            "until=instant + MAX_AGE_S + SKEW_S",
            "until=instant + SKEW_S",
        ),
    ),
    *removals(
        f"{_SAML}/logout_response.py",
        _MESSAGES,
        ("a demand is answered to whoever made it", "if demand.idp_entity_id != idp.entity_id:"),
        (
            "an answer is of the provider and address that were asked",
            "if request.idp_entity_id != idp.entity_id or request.logout_url != party.logout:",
        ),
        ("an answer is to our logout", 'if response.get("InResponseTo") != request.request_id:'),
        (
            "a partial logout is no whole one",
            'code.get("Value") == names.SUCCESS and not len(code)',
            'code.get("Value") == names.SUCCESS',
        ),
    ),
)

_BY_OPENID = (
    *removals(
        "idp_adapters/oidc/logout.py",
        _OPENID,
        ("a logout token is of the issuer", '    ("invalid_token", _issuer),\n', ""),
        ("a logout token is for this client", '    ("invalid_token", _audience),\n', ""),
        ("a logout token is of this moment", '    ("invalid_token", _issued),\n', ""),
        ("a logout token has not expired", '    ("invalid_token", _expiry),\n', ""),
        ("a logout token has a jti", '    ("invalid_token", _identifier),\n', ""),
        ("a logout token tells of a logout", '    ("invalid_token", _event),\n', ""),
        ("a logout token has no nonce", '    ("invalid_token", _no_nonce),\n', ""),
        ("a logout token names a person or a session", '    ("invalid_token", _whose),\n', ""),
        ("there is exactly one logout token", "if len(tokens) != 1:", "if not tokens:"),
        ("a front-channel logout is of the issuer", 'if values["iss"] != issuer:'),
        (
            "a front-channel logout has one iss and one sid",
            'if counted["iss"] != 1 or counted["sid"] != 1:',
            'if not counted["iss"] or not counted["sid"]:',
        ),
        (
            "a logout token with sub and sid ends one session",
            "name = _of_both(subject, session_id) if subject else _of_session(session_id)",
            "name = _of_session(session_id)",
        ),
        ("a logout token is noted for as long as it is good", "min(until, now + 2 * MAX_AGE_S)", "now"),
    ),
    *removals(
        "idp_adapters/oidc/session.py",
        ("tests/unit/idp_adapters/test_session.py",),
        (
            "a refreshed ID token is of the issuer",
            '        ("iss", claims.get("iss") == issuer),\n',
            "",
        ),
        (
            "a refreshed ID token is of the same person",
            '        ("sub", claims.get("sub") == subject),\n',
            "",
        ),
        (
            "a refreshed ID token is for this client",
            '        ("aud", client_id in audiences),\n',
            "",
        ),
        (
            "a refreshed ID token is of the same login",
            " and hmac.compare_digest(nonce.encode(), memory.nonce.encode())",
            "",
        ),
        (
            "a refreshed ID token is new",
            "now - MAX_AGE_S <= issued <= now + SKEW_S",
            "issued <= now + SKEW_S",
        ),
        ("a logout token is no refreshed ID token", '        ("events", "events" not in claims),\n', ""),
    ),
)

_BY_FRONT_CHANNEL = removals(
    "proxy/login/provider_logout.py",
    ("tests/hostile/test_logout_front_channel.py",),
    ("guesses by the front channel are limited", "if await desk.store.failures(guesses) >= MOST_INVALID:"),
)

REMOVALS = (*_BY_REDIRECT, *_MESSAGE, *_BY_OPENID, *_BY_FRONT_CHANNEL)
