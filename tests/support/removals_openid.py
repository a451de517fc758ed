"""Checks that are taken away: who an OpenID provider is, whose its answer is, and who signed it."""

from tests.support.removed_checks import Removal, removals

_OIDC = "idp_adapters/oidc"
_UNIT = "tests/unit/idp_adapters"
_REAL = "tests/integration/idp_adapters"
_CLAIMS = (f"{_UNIT}/test_claims.py::test_a_row_refuses_what_it_is_for",)
_CALLBACK = (f"{_REAL}/test_callback.py::test_a_wrong_callback_sends_no_code",)
_METADATA = (f"{_REAL}/test_answers.py::test_metadata_that_cannot_be_used_is_misconfigured",)
_ANSWERS = (f"{_REAL}/test_answers.py::test_tokens_and_claims",)
_TOKEN = (f"{_UNIT}/test_keys.py::test_any_other_token_is_refused_in_words",)
_KEYS = (f"{_UNIT}/test_keys.py",)
_ISSUER = (f"{_UNIT}/test_issuer.py",)
_SESSION = (f"{_UNIT}/test_session.py",)
_TRANSACTION = (f"{_UNIT}/test_authorization.py",)


def _claim(check: str, rule: str, reason: str, problem: str) -> tuple[str, str, str]:
    return check, f'    ClaimCheck("{rule}", "{reason}", {problem}),\n', ""


_IN_CLAIMS = (
    *removals(
        f"{_OIDC}/claims.py",
        _CLAIMS,
        _claim("an ID token is of the issuer", "OpenID Core §3.1.3.7 (2)", "invalid_token", "_issuer"),
        _claim("an ID token names a person", "OpenID Core §2, sub", "invalid_token", "_subject"),
        _claim("an ID token is for this client", "OpenID Core §3.1.3.7 (3)", "invalid_token", "_audience"),
        _claim(
            "of several audiences this client is the authorized party",
            "OpenID Core §2, azp",
            "invalid_token",
            "_authorized_party",
        ),
        _claim("an ID token has an end", "OpenID Core §2, exp", "invalid_token", "_expiry_given"),
        _claim("an ID token has not expired", "OpenID Core §3.1.3.7 (9)", "clock_skew", "_not_expired"),
        _claim("an ID token says when it was issued", "OpenID Core §2, iat", "invalid_token", "_issue_given"),
        _claim(
            "an ID token is not of the future",
            "OpenID Core §3.1.3.7 (10)",
            "clock_skew",
            "_issued_before_now",
        ),
        _claim("an ID token is new", "OpenID Core §3.1.3.7 (10)", "clock_skew", "_issued_just_now"),
        _claim("the start of an ID token is a time", "RFC 7519 §4.1.5", "invalid_token", "_start_is_a_time"),
        _claim("an ID token has begun to count", "RFC 7519 §4.1.5", "clock_skew", "_started"),
        _claim("an ID token is of this login", "OpenID Core §3.1.3.7 (11)", "invalid_token", "_nonce"),
        _claim(
            "a login is in a way that was asked for", "OpenID Core §3.1.3.7 (12)", "invalid_token", "_context"
        ),
        _claim(
            "where it matters, a token says when the person signed in",
            "OpenID Core §3.1.3.7 (13)",
            "not_anew",
            "_signed_in_given",
        ),
        _claim(
            "a person signed in as lately as was asked for",
            "OpenID Core §3.1.3.7 (13)",
            "not_anew",
            "_signed_in_lately",
        ),
        _claim(
            "an access token is the one of its ID token",
            "OpenID Core §3.1.3.8",
            "invalid_token",
            "_access_token_hash",
        ),
        _claim("a code is the one of its ID token", "OpenID Core §3.3.2.11", "invalid_token", "_code_hash"),
        _claim(
            "a logout token is no ID token",
            "OpenID Back-Channel Logout §2.4",
            "invalid_token",
            "_no_events",
        ),
    ),
    *removals(
        f"{_OIDC}/claims.py",
        (f"{_UNIT}/test_claims.py",),
        (
            "a wrong nonce counts where a missing one would not",
            'if "nonce" not in claims and not expected.nonce_required:',
            "if not expected.nonce_required:",
        ),
        ("a time is no truth value", "if isinstance(value, bool) or not", "if not"),
    ),
)

_CAME_BACK = (
    *removals(
        f"{_OIDC}/callback.py",
        _CALLBACK,
        (
            "an answer has the state of its login",
            "if not hmac.compare_digest(state, transaction.state.encode()):",
        ),
        ("an announced issuer is named in the answer", "if issuer is None and announces_issuer:"),
        (
            "an answer is of the issuer that was asked",
            "if issuer is not None and not (may",
            "if False and not (may",
        ),
        ("an error is no answer, whatever stands beside it", 'if "error" in values:'),
        ("a parameter of an answer comes once", "    if doubled:\n", "    if False:\n"),
        ("a code is one that can be", "if not _CODE.fullmatch(code):"),
    ),
    *removals(
        f"{_OIDC}/authorization.py",
        _TRANSACTION,
        (
            "an answer is for the OpenID provider that was asked",
            "if transaction.issuer != settings.issuer:",
        ),
        (
            "an OpenID answer comes to the address that was asked for",
            "if transaction.redirect_uri != redirect_uri:",
        ),
        (
            "a login sends its challenge",
            "        **_challenge(verifier, quirks),\n",
            "",
        ),
    ),
    *removals(
        f"{_OIDC}/provider.py",
        (f"{_REAL}/test_ways_in.py",),
        (
            "how lately somebody signed in is counted",
            "signed_in_after=None if max_age is None else begun_at - max_age.total_seconds(),",
            "signed_in_after=None,",
        ),
        ("the ways to sign in that were asked for count", "acr_values=self._settings.acr_values,", ""),
    ),
    *removals(
        f"{_OIDC}/tokens.py",
        _ANSWERS,
        (
            "a code goes for an ID token and an access token",
            "if not isinstance(id_token, str) or not isinstance(access_token, str):",
        ),
        ("an access token can stand in a header", "if not _ACCESS_TOKEN.fullmatch(access_token):"),
        ("a token is a Bearer token", 'if not isinstance(kind, str) or kind.lower() != "bearer":'),
    ),
    *removals(
        f"{_OIDC}/tokens.py",
        _SESSION,
        (
            "only a refused refresh token ends a session",
            "if refreshed and _is_refusal(body, quirks):",
            "if refreshed:",
        ),
    ),
    *removals(
        f"{_OIDC}/tokens.py",
        (f"{_UNIT}/test_tokens.py",),
        ("an error of the token endpoint is no token", "if answer.status != 200:"),
        (
            "a code goes with the verifier of its login",
            "code_verifier=None if quirks.omits_pkce else transaction.verifier,",
            "code_verifier=None,",
        ),
    ),
    *removals(
        f"{_OIDC}/userinfo.py",
        _ANSWERS,
        ("userinfo is about the person of the ID token", 'if claims.get("sub") != subject:'),
    ),
    *removals(
        f"{_OIDC}/userinfo.py",
        (f"{_REAL}/test_answers.py",),
        (
            "userinfo as a token is never read",
            'strip().lower() == "application/jwt":',
            'strip() == "":',
        ),
        ("an error of userinfo is no claims", "if answer.status != 200:"),
    ),
    *removals(
        f"{_OIDC}/client.py",
        (f"{_UNIT}/test_client.py", f"{_UNIT}/test_tokens.py"),
        (
            "a proof of who we are is good for a minute",
            '"exp": now + ASSERTION_LIFE_S,',
            '"exp": now + 9**9,',
        ),
        ("a proof of who we are is for one endpoint", '"aud": url,', '"aud": "anybody",'),
        (
            "a proof of who we are counts once",
            '"jti": urlsafe_b64encode(self._random_bytes(_JTI_BYTES)).decode("ascii"),',
            '"jti": "1",',
        ),
        (
            "a client's id and secret are coded before they are joined",
            'f"{quote_plus(client_id)}:{quote_plus(client_secret)}"',
            'f"{client_id}:{client_secret}"',
        ),
    ),
)

_SIGNED = (
    *removals(
        f"{_OIDC}/id_token.py",
        _TOKEN,
        ("an encrypted token is refused in words", "if len(segments) == 5:"),
        (
            "a token is signed and in compact form",
            "if len(segments) != 3 or not all(_SEGMENT.fullmatch(segment) for segment in segments):",
        ),
        (
            "a token is signed as it is configured",
            "if not isinstance(alg, str) or alg not in algorithms:",
            "if not isinstance(alg, str):",
        ),
        (
            "a token is of the type that is expected",
            "if not isinstance(typ, str) or typ.lower() not in types:",
        ),
        ("a token's header changes nothing of how it is read", '("crit", "zip", "b64")', "()"),
        ("a key id is a text", "if kid is not None and not isinstance(kid, str):"),
        ("a token's header is small", "if len(segment) > _MAX_HEADER:"),
    ),
    *removals(
        f"{_OIDC}/id_token.py",
        (f"{_REAL}/test_id_token.py",),
        (
            "an ID token was signed by a key of the provider",
            "payload = jws.deserialize_compact(token.compact, key, registry=registry).payload",
            "payload = jws.extract_compact(token.compact.encode()).payload",
        ),
    ),
    *removals(
        f"{_OIDC}/keys.py",
        _KEYS,
        ("a key is of the algorithm that it verifies", "if key.alg not in (None, alg):"),
        ("a curve is that of the algorithm", "return key.curve_name == _CURVES.get(alg)", "return True"),
        (
            "an RSA key verifies no other kind of signature",
            'return alg.startswith(("RS", "PS"))',
            "return True",
        ),
        (
            "no key is picked by its place",
            "return fits[0] if len(fits) == 1 else None",
            "return fits[0] if fits else None",
        ),
        ("a named key is the one of that name", " and (kid is None or key.kid == kid)", ""),
        ("an RSA key for tokens is long enough", '_bits(entry.get("n")) < _MIN_RSA_BITS', "False"),
        ("a key for encryption verifies nothing", 'entry.get("use", "sig") != "sig" or ', ""),
        (
            "a key verifies where that is one of its uses",
            'return isinstance(operations, list) and "verify" in operations',
            "return True",
        ),
        (
            "of a published key the private part stays outside",
            '(*_PUBLIC_MEMBERS[kty], "kty", "kid", "alg")',
            "entry",
        ),
    ),
)

_ITSELF = (
    *removals(
        f"{_OIDC}/metadata.py",
        _METADATA,
        (
            "metadata are of the issuer that is configured",
            "if not is_document_of(issuer, settings.issuer, quirks):",
        ),
        (
            "an endpoint leads to https and a public address",
            "        destinations.check_url(url)\n",
            "        pass\n",
        ),
        ("an endpoint is named", "if not isinstance(url, str):"),
        ("a provider knows the code flow", '        ("response_types_supported", ("code",)),\n', ""),
        ("a provider knows S256", '        ("code_challenge_methods_supported", ("S256",)),\n', ""),
        (
            "a provider signs as it is configured",
            '        ("id_token_signing_alg_values_supported", settings.id_token_algs),\n',
            "",
        ),
        ("a list of what a provider can is a list", "if not isinstance(value, list):", "if False:"),
    ),
    *removals(
        f"{_OIDC}/metadata.py",
        (f"{_UNIT}/test_metadata.py",),
        ("only true announces that an answer names its issuer", " is True,\n", " is not None,\n"),
        (
            "metadata that cannot be had now are no fault of the configuration",
            "if answer.status == 429 or answer.status >= 500:",
        ),
        ("answers come as they were asked for", 'if settings.response_mode != "query":'),
        ("a provider takes our way to prove who we are", 'if settings.client_auth != "none":'),
    ),
    *removals(
        f"{_OIDC}/metadata.py",
        (f"{_REAL}/test_answers.py::test_metadata_under_another_status_are_none",),
        ("metadata come with 200 alone", "if answer.status != 200:"),
    ),
    *removals(
        f"{_OIDC}/issuer.py",
        _ISSUER,
        (
            "a tenant is a GUID",
            "if not isinstance(tenant, str) or not _GUID.fullmatch(tenant):",
            "if not isinstance(tenant, str):",
        ),
        (
            "an answer of a tenant is of a tenant",
            " and _GUID.fullmatch(tenant) is not None",
            "",
        ),
        ("an answer of a tenant has the provider's address", 'issuer == f"{before}{tenant}{after}" and ', ""),
        (
            "another spelling counts where it is known",
            "return str(issuer) if issuer in self.quirks.issuers else self.configured",
            "return str(issuer)",
        ),
        (
            "an answer is of the issuer or of a known spelling",
            "return issuer == self.configured or issuer in self.quirks.issuers",
            "return True",
        ),
        (
            "a tenant stands in for one segment of a path alone",
            "theirs.count(TENANT) != 1 or theirs.index(TENANT) < _FIRST_PATH_SEGMENT or ",
            "TENANT not in theirs or ",
        ),
        (
            "one tenant that is configured lets no other in",
            "if _GUID.fullmatch(ours[theirs.index(TENANT)]):",
        ),
        (
            "around a tenant metadata are those of the issuer",
            "return all(a in (b, TENANT) for a, b in zip(theirs, ours, strict=True))",
            "return True",
        ),
        ("a tenant is left open where that is known", "or not quirks.tenant_claim:", "or False:"),
    ),
)

_KNOWN_OF_IT = (
    *removals(
        "idp_adapters/refreshed.py",
        (f"{_UNIT}/test_refreshed.py",),
        (
            "keys are asked for anew once in half a minute",
            "if self._monotonic() < self._renewable_at:",
        ),
    ),
    *removals(
        "idp_adapters/client_key.py",
        (f"{_UNIT}/test_client.py",),
        ("the key that proves who we are is long enough", "if private_key.key_size < MIN_RSA_BITS:"),
    ),
    *removals(
        "idp_adapters/settings.py",
        (f"{_UNIT}/test_settings.py",),
        ("no parameter of a login is set beside ours", "if name.lower() in REQUEST_PARAMETERS:"),
        ("only known methods sign an ID token", "if unknown or not self.id_token_algs:"),
        ("nobody is let in without a word of the provider", 'if "none" in words:'),
        ("a client has a secret where it is to send one", "if with_secret and not self.client_secret:"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_IN_CLAIMS, *_CAME_BACK, *_SIGNED, *_ITSELF, *_KNOWN_OF_IT)
