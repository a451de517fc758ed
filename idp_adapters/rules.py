"""Allow rules: who of those that a provider vouches for may pass.

Pure: a rule and an identity in, yes or no out. Knows neither endpoints nor providers; whatever it cannot
read for certain does not match.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from idp_adapters.identity import Identity, folded, is_writable

RuleKind = Literal["anyone", "domain", "email", "group", "github-team"]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


class RuleError(ValueError):
    """An entry of ``allow`` that is not a rule; the message says in words what is wrong."""


class Rule(msgspec.Struct, frozen=True):
    """One entry of ``allow``. ``value`` is folded to lower case for domains and addresses, exact for groups.

    ``github-team`` is matched only by identities that carry teams of GitHub; no OpenID claim stands for one.
    """

    kind: RuleKind
    value: str = ""


def parse_rule(text: str) -> Rule:
    """Read one entry of ``allow``: ``*``, ``@domain``, an address, ``group:NAME``, ``github-team:ORG/TEAM``.

    Raises RuleError in words for anything else.
    """
    if text == "*":
        return Rule("anyone")
    kind, colon, name = text.partition(":")
    if colon and kind == "group":
        return Rule("group", _group_name(name))
    if colon and kind == "github-team":
        return Rule("github-team", _team_name(name))
    if text.startswith("@"):
        return Rule("domain", _domain_name(text[1:]))
    if "@" in text:
        return Rule("email", _address(text))
    hint = f"; for everyone of that domain write '@{text}'" if _is_domain(text) and "." in text else ""
    raise RuleError(
        f"{text!r} is not '*', '@domain', an e-mail address, 'group:NAME' or 'github-team:ORG/TEAM'{hint}"
    )


def allowed(rules: Sequence[Rule], identity: Identity) -> bool:
    """Whether any of ``rules`` lets ``identity`` pass. No rules: nobody."""
    return any(_matches(rule, identity) for rule in rules)


def _matches(rule: Rule, identity: Identity) -> bool:
    match rule.kind:
        case "anyone":
            return True
        case "group":
            return rule.value in identity.groups
        case "domain" | "email":
            if not identity.email_verified:
                return False
            parts = _address_parts(identity.email)
            return parts is not None and rule.value == (
                parts[1] if rule.kind == "domain" else "@".join(parts)
            )
        case "github-team":
            return rule.value in identity.teams


def _is_domain(text: str) -> bool:
    return len(text) <= 253 and _DOMAIN.fullmatch(folded(text)) is not None


def _address_parts(address: str) -> tuple[str, str] | None:
    """The folded local part and domain, or None where that is not certain."""
    parts = folded(address).split("@")
    if len(parts) != 2 or _BLANK_OR_CONTROL.search(address):
        return None
    local, domain = parts
    return (local, domain) if local and _is_domain(domain) else None


def _domain_name(text: str) -> str:
    if not _is_domain(text):
        raise RuleError(
            f"{'@' + text!r} does not name a domain: letters, digits, hyphens and dots, "
            "no wildcard, no dot at the end, an international name in its ASCII form (xn--…)"
        )
    return folded(text)


def _address(text: str) -> str:
    parts = _address_parts(text)
    if parts is None:
        raise RuleError(f"{text!r} is not an e-mail address with one '@', an ASCII domain and no blanks")
    if parts[0] == "*":
        raise RuleError(f"{text!r}: wildcards are not read; for everyone of that domain write '@{parts[1]}'")
    return "@".join(parts)


def _group_name(name: str) -> str:
    if not name or name != name.strip() or not is_writable(name):
        raise RuleError(f"{'group:' + name!r} needs a name without blanks at its edges or control characters")
    return name


def _team_name(name: str) -> str:
    organisation, _, team = name.partition("/")
    if not organisation or not team or "/" in team or _BLANK_OR_CONTROL.search(name):
        raise RuleError(f"{'github-team:' + name!r} needs an organisation and a team: github-team:acme/ops")
    return folded(name)
