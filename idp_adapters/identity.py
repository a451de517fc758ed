"""What a provider asserted about a visitor, in one shape for every protocol."""

import unicodedata

import msgspec

_UNWRITABLE = ("Cc", "Zl", "Zp")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A verified assertion. The person is (``issuer``, ``subject``), byte for byte; never the e-mail.

    ``session_id`` is the provider's own name for its session (OpenID ``sid``), for logout from its side.
    ``teams`` are GitHub's, as ORG/TEAM in lower case, for rules that name one; no claim stands for them.
    """

    issuer: str
    subject: str
    username: str = ""
    name: str = ""
    email: str = ""
    email_verified: bool = False
    groups: tuple[str, ...] = ()
    session_id: str = ""
    teams: tuple[str, ...] = ()


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def folded(text: str) -> str:
    """``text`` with the ASCII letters in lower case.

    No other: Unicode folding would make 'K' (KELVIN SIGN) a 'k', and so one person another.
    """
    return text.translate(_ASCII_LOWER)


def is_writable(text: str) -> bool:
    """Whether ``text`` can stand in a header, a log line and a rule: nothing in it controls or ends one."""
    return not any(unicodedata.category(character) in _UNWRITABLE for character in text)
