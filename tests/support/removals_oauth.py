"""Checks that are taken away: plain OAuth, where a provider may lead us, whom the rules let in."""

from tests.support.removed_checks import Removal, removals

_OAUTH = "idp_adapters/oauth"
_UNIT = "tests/unit/idp_adapters"
_PRESETS = "tests/integration/presets"
_GITHUB = (f"{_PRESETS}/test_preset_github.py",)
_LOGINS = f"{_PRESETS}/test_preset_logins.py"
_BOUNDS = (f"{_PRESETS}/test_preset_bounds.py",)
_PLAIN = (f"{_PRESETS}/test_preset_plain_oauth.py",)
_HOSTILE = f"{_PRESETS}/test_preset_hostile_answers.py"
_ANY = f"{_UNIT}/oauth/test_any_oauth_answer.py"
_SETTINGS = (f"{_UNIT}/oauth/test_oauth_settings.py",)
_DESTINATIONS = (f"{_UNIT}/test_destinations.py",)
_TRANSPORT = "tests/integration/idp_adapters/test_transport.py"
_RULES = (f"{_UNIT}/test_rules.py",)

_BEGUN = (
    *removals(
        f"{_OAUTH}/authorization.py",
        (f"{_LOGINS}::test_a_login_with_plain_oauth_is_finished_by_the_provider_that_it_was_begun_with",),
        (
            "an answer is for the OAuth provider that was asked",
            "if (transaction.provider, transaction.issuer) != (settings.provider, settings.issuer):",
        ),
    ),
    *removals(
        f"{_OAUTH}/authorization.py",
        (f"{_LOGINS}::test_an_answer_at_another_redirect_uri_is_refused",),
        (
            "an OAuth answer comes to the address that was asked for",
            "if transaction.redirect_uri != redirect_uri:",
        ),
    ),
    *removals(
        f"{_OAUTH}/provider.py",
        (f"{_LOGINS}::test_an_answer_of_another_issuer_is_refused_before_its_code_goes_out",),
        (
            "an OAuth answer is of the provider that was asked",
            "may_answer=lambda issuer: issuer == self._endpoints.response_issuer,",
            "may_answer=lambda issuer: True,",
        ),
    ),
    *removals(
        f"{_OAUTH}/provider.py",
        (f"{_LOGINS}::test_an_answer_without_a_login_is_of_nobody",),
        ("an OAuth answer that nobody asked for is nobody's", "if transaction is None:"),
    ),
)

_ANSWERED = (
    *removals(
        f"{_OAUTH}/tokens.py",
        _GITHUB,
        (
            "an error is one though the status says 200",
            'if answer.status != 200 or "error" in body:',
            "if answer.status != 200:",
        ),
    ),
    *removals(
        f"{_OAUTH}/tokens.py",
        (
            f"{_HOSTILE}::test_a_token_that_no_header_can_carry_ends_the_login",
            f"{_ANY}::test_a_lifetime_is_a_number_of_seconds_also_as_a_text",
        ),
        (
            "an OAuth token can stand in a header",
            "if not isinstance(access_token, str) or not _ACCESS_TOKEN.fullmatch(access_token):",
        ),
        ("an OAuth token is a Bearer token", 'if not isinstance(kind, str) or kind.lower() != "bearer":'),
        (
            "a lifetime is a number of seconds that can be",
            "if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LONGEST_S:",
            "if not isinstance(value, int | float):",
        ),
    ),
    *removals(
        f"{_OAUTH}/tokens.py",
        _GITHUB,
        (
            "only a refused refresh token ends an OAuth session",
            "if refreshed and code in _REFUSED:",
        ),
    ),
    *removals(
        f"{_OAUTH}/profile.py",
        _PLAIN,
        (
            "where it is wanted a call carries a proof of the secret",
            "if protocol.app_proof:",
        ),
        (
            "a token that is dead when asked again ends the session",
            "if refreshed and _is_of_a_dead_token(answer):",
        ),
        ("a dead token in a login is no word about the person", "if refreshed and _is", "if _is"),
        (
            "an e-mail that nobody vouches for is not verified",
            'assumed = verified is None and settings.email_verified == "assume"',
            "assumed = verified is None",
        ),
        (
            "the operator vouches for no e-mail that is none",
            "email_verified=bool(email) and (verified is True or assumed),",
            "email_verified=verified is True or assumed,",
        ),
    ),
    *removals(
        f"{_OAUTH}/profile.py",
        (
            f"{_ANY}::test_only_the_json_value_true_verifies_an_email",
            f"{_HOSTILE}::test_a_profile_that_names_nobody_signs_nobody_in",
            f"{_HOSTILE}::test_a_profile_that_is_none_ends_the_login",
        ),
        (
            "only the JSON true of a profile verifies an e-mail",
            "(verified is True or assumed)",
            "(bool(verified) or assumed)",
        ),
        ("a profile comes with 200 alone", "if answer.status == 200:", "if answer.status:"),
        ("a person is never a truth value", "and not isinstance(value, bool) ", ""),
        (
            "a profile names somebody",
            "if not isinstance(value, str) or not value or len(value) > MAX_SUBJECT:",
            "if not isinstance(value, str):",
        ),
    ),
    *removals(
        f"{_OAUTH}/pages.py",
        (f"{_ANY}::test_a_page_is_one_list_of_objects_and_nothing_beside",),
        (
            "a page is one list of objects and nothing beside",
            "if members or not isinstance(entries, list) or not all(",
            "if False and not all(",
        ),
    ),
    *removals(
        f"{_OAUTH}/pages.py",
        _GITHUB,
        (
            "the next page of a list is of the same list",
            "if target and not _is_of_one_list(url, target):",
        ),
        (
            "the same list is at the same scheme, host and path",
            "return one[:3] == other[:3] and not other.fragment",
            "return one[2] == other[2]",
        ),
    ),
    *removals(
        f"{_OAUTH}/github.py",
        _GITHUB,
        (
            "only the primary address of GitHub counts",
            'entry.get("primary") is True',
            'entry.get("verified") is True',
        ),
        (
            "only GitHub verifies the address of GitHub",
            '"email_verified": primary.get("verified") is True,',
            '"email_verified": True,',
        ),
        (
            "the address of a public profile is not believed",
            '"email": primary.get("email"),',
            '"email": profile.get("email") or primary.get("email"),',
        ),
        (
            "a list of GitHub is never cut",
            'raise LoginError("provider_error", f"{what}: more than {MAX_PAGES} pages")',
            "return",
        ),
        ("a list that GitHub withholds is none", "if answer.status in (403, 404):"),
        (
            "a part that GitHub withholds is reported",
            'if answer.headers.get("x-github-sso", "").startswith("partial-results"):',
        ),
        (
            "a team is of an organisation",
            'if not isinstance(value, str) or not value or "/" in value:',
        ),
    ),
    *removals(
        f"{_OAUTH}/provider.py",
        _GITHUB,
        (
            "a profile that is asked for again is of the same person",
            "if completed.identity.subject != identity.subject:",
        ),
        (
            "what ends an OAuth session ends it though its token is spent",
            "            if error.reason in _ENDS_A_SESSION:\n                raise\n",
            "",
        ),
        (
            "a spent refresh token is replaced though the profile cannot be had",
            "            return msgspec.structs.replace(_login_of(identity, renewed), incomplete=True)\n",
            "            raise\n",
        ),
    ),
)

_CONFIGURED = removals(
    f"{_OAUTH}/settings.py",
    _SETTINGS,
    (
        "nobody vouches for the e-mails of every Microsoft tenant",
        " and not self._is_of_one_tenant():",
        " and False:",
    ),
    ("a preset's private network is that of one's own place", "if self.allow_private_network:"),
    ("a provider with one place is at no other", "if not self.preset.elsewhere:"),
)

_WHERE = (
    *removals(
        "idp_adapters/destinations.py",
        _DESTINATIONS,
        (
            "a URL of a provider is short and of ASCII",
            "if len(url) > _MAX_URL or not _URL_CHARACTERS.fullmatch(url):",
        ),
        (
            "a URL of a provider has neither user nor fragment",
            'if parts.username is not None or parts.password is not None or "#" in url:',
        ),
        (
            "a URL of a provider is https",
            'if parts.scheme not in ({"https", "http"} if self._is_own(host) else {"https"}):',
        ),
        (
            "a URL of a provider names no private address",
            "if address is not None and not self.admits(host, address):",
        ),
        (
            "a connection to a provider goes to a public address",
            "return self._is_own(host) or _is_public(address)",
            "return True",
        ),
        (
            "the permission for a private network is for one host",
            'return self.own_host != "" and host.lower() == self.own_host',
            'return self.own_host != ""',
        ),
        (
            "a network of special purpose is never public",
            "if any(address in network for network in _NEVER_PUBLIC):",
        ),
        (
            "a name of this machine needs the permission",
            "if is_localhost_name(host) and not self._is_own(host):",
        ),
        ("a bracket holds an address and nothing stands beside it", "if not _is_whole(parts.netloc, host):"),
        ("a URL of a provider has a port at which somebody can listen", "if port == 0:"),
        (
            "an address that is reserved is no provider's",
            "return address.is_global and not address.is_reserved",
            "return address.is_global",
        ),
        ("an IPv4 address is found in a mapped one", "if address.ipv4_mapped is not None:"),
        ("an IPv4 address is found in one of 6to4", "if address.sixtofour is not None:"),
        ("an IPv4 address is found in one of NAT64", "if address in _NAT64:"),
        (
            "a host is spelled in one way",
            "not _HOST.fullmatch(host) or ",
            "",
        ),
        (
            "no host is a number in an odd spelling",
            " or (_NUMBER.fullmatch(host) and _literal(host) is None)",
            "",
        ),
    ),
    *removals(
        "idp_adapters/transport.py",
        (f"{_TRANSPORT}::test_m14_a_silent_server_is_given_up_at_the_deadline",),
        ("a provider answers in time", "async with asyncio.timeout(patience_s):", "if True:"),
    ),
    *removals(
        "idp_adapters/transport.py",
        (_TRANSPORT,),
        ("a URL is judged before it is asked", "            self._destinations.check_url(request.url)\n", ""),
        ("a redirect of a provider is not followed", "if 300 <= response.status < 400:"),
        (
            "an answer that was compressed unasked is not inflated",
            'if response.headers.get("Content-Encoding", "identity").lower() != "identity":',
        ),
        ("an answer of a provider is bounded", "if len(body) > MAX_ANSWER:"),
        (
            "each address of a name is judged",
            "admitted = [text for text in found if self._admits(host, text)]",
            "admitted = list(found)",
        ),
        (
            "a name of this machine is no question for a resolver",
            "loopback = is_localhost_name(host)",
            "loopback = False",
        ),
        ("no cookie of a provider is kept", "        cookie_jar=aiohttp.DummyCookieJar(),\n", ""),
        ("a certificate is vouched for", "ssl=tls if tls is not None else True,", "ssl=False,"),
    ),
)

_ADMITTED = (
    *removals(
        "idp_adapters/identity.py",
        _RULES,
        ("only letters of ASCII are folded", "return text.translate(_ASCII_LOWER)", "return text.casefold()"),
    ),
    *removals(
        "idp_adapters/rules.py",
        _RULES,
        ("no rules let nobody pass", "return any(_matches(", "return not rules or any(_matches("),
        ("a rule about e-mails wants a verified one", "if not identity.email_verified:"),
        (
            "an e-mail is certain or matches nothing",
            "if len(parts) != 2 or _BLANK_OR_CONTROL.search(address):",
            "if len(parts) != 2:",
        ),
        (
            "the domain of an e-mail is one",
            "return (local, domain) if local and _is_domain(domain) else None",
            "return (local, domain)",
        ),
        (
            "a domain is compared whole",
            'parts[1] if rule.kind == "domain"',
            'rule.value if rule.kind == "domain" and parts[1].endswith(rule.value)',
        ),
        (
            "a team of GitHub is no group",
            "return rule.value in identity.teams",
            "return rule.value in identity.groups",
        ),
        (
            "a group is compared whole",
            "return rule.value in identity.groups",
            "return rule.value.lower() in [group.lower() for group in identity.groups]",
        ),
        ("a rule has no wildcard", 'if parts[0] == "*":'),
        (
            "a rule names a group that can be",
            "if not name or name != name.strip() or not is_writable(name):",
        ),
        (
            "a rule names a team with its organisation",
            'if not organisation or not team or "/" in team or _BLANK_OR_CONTROL.search(name):',
        ),
    ),
)

_BOUNDED = (
    *removals(
        f"{_OAUTH}/github.py",
        _BOUNDS,
        ("a page of GitHub is no longer than was asked for", "if len(entries) > _PER_PAGE:"),
    ),
    *removals(
        f"{_OAUTH}/provider.py",
        _BOUNDS,
        (
            "a team that can be no group is kept nowhere",
            "teams=groups_in([folded(team) for team in member.teams], self._settings.issuer),",
            "teams=tuple(folded(team) for team in member.teams),",
        ),
        ("letters that Unicode folds are two teams", "folded(team)", "team.lower()"),
    ),
    *removals(
        "idp_adapters/transport.py",
        ("tests/integration/idp_adapters/test_interim_answers.py",),
        ("heads without end are broken off", "if connection.protocol is not None:"),
    ),
    *removals(
        "idp_adapters/oidc/overage.py",
        _BOUNDS,
        ("groups that are too many are not asked for", "if len(groups) > MAX_GROUPS:"),
    ),
    *removals(
        "idp_adapters/transport.py",
        (_TRANSPORT,),
        ("no error quotes the query of a URL", 'return url.partition("?")[0]', "return url"),
    ),
)

REMOVALS: tuple[Removal, ...] = (*_BEGUN, *_ANSWERED, *_CONFIGURED, *_WHERE, *_ADMITTED, *_BOUNDED)
