"""The interface of every provider: begin a login, complete it.

What must be remembered between the two is returned as a value; the caller keeps it, single-use and bound to
the browser, and hands it back. Knows neither a store nor cookies.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from idp_adapters.identity import Identity

Prompt = Literal["", "login", "select_account"]


class LoginBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send the browser, the state that its answer must carry, and what to remember until then."""

    url: str
    state: str
    transaction: bytes

    def __repr__(self) -> str:
        return "LoginBegun(...)"


class LoginError(Exception):
    """A login that ends here. ``reason`` is a closed set that pages map to a code; ``detail`` is for the log.

    Neither holds a secret, a token or a code; ``detail`` may quote hostile text, cut to 200 characters.
    """

    def __init__(self, reason: "LoginErrorReason", detail: str = "") -> None:
        self.reason: LoginErrorReason = reason
        self.detail = detail[:200]
        super().__init__(f"{reason}: {self.detail}" if detail else reason)


LoginErrorReason = Literal[
    "denied",
    "provider_error",
    "provider_unreachable",
    "provider_misconfigured",
    "invalid_response",
    "invalid_token",
    "clock_skew",
    "invalid_claims",
]
"""denied: the provider or person said no. provider_error: an error answer. provider_unreachable: no answer in
time. provider_misconfigured: discovery or keys are not acceptable. invalid_response: the callback is not one
of ours. invalid_token: signature or claims fail. clock_skew: a token's times are off; the detail names by how
much. invalid_claims: an identity that must not be used (control characters, no subject)."""


class Provider(Protocol):
    """One configured provider; safe for concurrent use."""

    @property
    def name(self) -> str:
        """The configured name, as in the callback's path."""

    @property
    def display_name(self) -> str:
        """The name for people."""

    @property
    def issuer(self) -> str:
        """The issuer identifier or entity id."""

    async def begin(self, redirect_uri: str, prompt: Prompt = "") -> LoginBegun:
        """Start a login. Raises LoginError when the provider cannot be used now."""

    async def complete(
        self, parameters: Sequence[tuple[str, str]], transaction: bytes, redirect_uri: str
    ) -> Identity:
        """Verify the callback's ``parameters`` (in order, doubled ones still in) against ``transaction``.

        Raises LoginError; never returns an identity that was not verified whole.
        """

    async def close(self) -> None:
        """Give back connections."""


Providers = Mapping[str, Provider]
