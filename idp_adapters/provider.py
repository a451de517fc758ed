"""The interface of every provider: begin a login, complete it, refresh it, log out, describe ourselves.

What must be remembered in between is returned as a value; the caller keeps it, single-use and bound to the
browser or to the session, and hands it back. Knows neither a store nor cookies.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from idp_adapters.identity import Identity

Prompt = Literal["", "login", "select_account"]
ProtocolName = Literal["oidc", "oauth", "saml"]
ResponseMode = Literal["query", "form_post"]
"""How the browser brings the answer to a login: by GET with our cookies, or posted across sites without."""
Parameters = Sequence[tuple[str, str]]
"""The parameters of a message in their order, doubled ones still in."""


class RelyingParty(msgspec.Struct, frozen=True, kw_only=True):
    """Our own addresses for one provider on one origin, from the configuration alone.

    ``answer`` is where logins come back to: the redirect URI or the assertion consumer service. ``logout``
    takes the provider's logout messages; ``metadata`` names us where no entity id is configured, and
    ``signed_out`` is where a browser lands after a logout.
    """

    answer: str
    logout: str
    metadata: str
    signed_out: str


class Redirect(msgspec.Struct, frozen=True):
    """Send the browser to ``url``."""

    url: str

    def __repr__(self) -> str:
        return "Redirect(...)"


class PostForm(msgspec.Struct, frozen=True):
    """Let the browser post ``fields`` to ``url`` (SAML Bindings §3.5)."""

    url: str
    fields: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return "PostForm(...)"


Sending = Redirect | PostForm
"""How a message reaches the provider by way of the browser."""


class LoginBegun(msgspec.Struct, frozen=True, kw_only=True):
    """What to send to the provider, the state that its answer must carry, and what to remember until then."""

    sending: Sending
    state: str
    transaction: bytes

    def __repr__(self) -> str:
        return "LoginBegun(...)"


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A message that counts once: whoever finds ``key`` kept refuses it. ``until`` is Unix time in s."""

    key: str
    until: float


class LoginCompleted(msgspec.Struct, frozen=True, kw_only=True):
    """A verified login.

    ``issued_at`` and ``ends_at`` are Unix times, None where they are not told: when the provider said so, and
    when it ends its own session. ``names`` are those that the provider may later end this session by.
    ``memory`` is for ``logout`` and ``refresh``; it holds secrets. ``access_token`` is the one that an
    upstream may be handed, "" where there is none. ``replay`` is None where the protocol's own single use is
    enough. ``incomplete``: a refresh that brought tokens, which must be kept, and nothing about the person;
    ``identity`` is then the one that was known.
    """

    identity: Identity
    issued_at: float | None = None
    ends_at: float | None = None
    names: tuple[str, ...] = ()
    memory: bytes = b""
    access_token: str = ""
    replay: Replay | None = None
    incomplete: bool = False

    def __repr__(self) -> str:
        return f"LoginCompleted({self.identity!r}, ...)"


class LogoutBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A logout on its way to the provider; ``transaction`` is for ``read_logout`` when its answer returns."""

    sending: Sending
    state: str
    transaction: bytes = b""

    def __repr__(self) -> str:
        return "LogoutBegun(...)"


LogoutChannel = Literal["back", "front", "post", "redirect"]
"""How a logout message came: OpenID's back or front channel, SAML's POST or Redirect binding."""


class LogoutMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What came to a logout address. ``raw_query`` is as received: a signature may cover its octets.

    ``transaction`` is what ``LogoutBegun`` gave to remember, where this message's state is one of ours.
    """

    channel: LogoutChannel
    parameters: Parameters
    raw_query: str = ""
    transaction: bytes | None = None

    def __repr__(self) -> str:
        return f"LogoutMessage({self.channel!r}, ...)"


class LogoutDemand(msgspec.Struct, frozen=True, kw_only=True):
    """The provider ends its sessions that are called ``names`` (any of them), verified.

    ``reply`` is for ``answer_logout`` where the protocol wants an answer by the browser, else empty.
    """

    names: tuple[str, ...]
    replay: Replay | None = None
    reply: bytes = b""

    def __repr__(self) -> str:
        return "LogoutDemand(...)"


class LogoutDone(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's answer to a logout of ours; ``everywhere`` where it says that it ended its own too."""

    everywhere: bool


class LoginError(Exception):
    """A login or logout that ends here. ``reason`` is a closed set that pages map to a code.

    ``detail`` is for the log; it may quote hostile text, cut to 200 characters. ``skew_s`` goes with
    *clock_skew*: by how many seconds the provider's clock seems to be ahead (positive) or behind. None of
    them holds a secret, a token or a code.
    """

    def __init__(self, reason: "LoginErrorReason", detail: str = "", *, skew_s: float = 0.0) -> None:
        self.reason: LoginErrorReason = reason
        self.detail = detail[:200]
        self.skew_s = skew_s
        super().__init__(f"{reason}: {self.detail}" if detail else reason)


LoginErrorReason = Literal[
    "denied",
    "provider_error",
    "provider_unreachable",
    "provider_misconfigured",
    "invalid_response",
    "invalid_token",
    "clock_skew",
    "expired",
    "not_anew",
    "weak_signature",
    "unsolicited",
    "overloaded",
    "invalid_claims",
]
"""What ended it.

denied: the provider or person said no. provider_error: an error answer. provider_unreachable: no answer in
time. provider_misconfigured: metadata or keys are not acceptable. invalid_response: the message is not one
of ours. invalid_token: signature or claims fail. clock_skew: a message's times are off; ``skew_s`` says by
how much. expired: a message that was good once. not_anew: the person was to be authenticated anew and was
not. weak_signature: signed in a way that is no longer safe; the detail names it. unsolicited: an answer that
nobody asked for.
overloaded: too many are being verified just now. invalid_claims: an identity that must not be used (control
characters, no subject).
"""


class Provider(Protocol):
    """One configured provider; safe for concurrent use. Any method may raise LoginError."""

    @property
    def name(self) -> str:
        """The configured name, as in the paths."""

    @property
    def display_name(self) -> str:
        """The name for people."""

    @property
    def protocol(self) -> ProtocolName:
        """Which addresses of ours it uses."""

    @property
    def issuer(self) -> str:
        """The issuer identifier that the provider may name itself by when it begins a login; "" for none."""

    @property
    def response_mode(self) -> ResponseMode:
        """How answers to logins come."""

    async def begin(self, party: RelyingParty, prompt: Prompt = "") -> LoginBegun:
        """Start a login. Raises LoginError when the provider cannot be used now."""

    def state_of(self, parameters: Parameters) -> str:
        """The state that the answer to a login carries; "" where there is none. Believes nothing of it."""

    async def complete(
        self, parameters: Parameters, transaction: bytes | None, party: RelyingParty
    ) -> LoginCompleted:
        """Verify the answer to a login against ``transaction``; None: it says that it answers nothing.

        Never returns an identity that was not verified whole.
        """

    async def refresh(self, memory: bytes, identity: Identity) -> LoginCompleted | None:
        """Ask the provider whether the person may still be in; None where the protocol or session cannot.

        Raises LoginError: *denied* when the provider ended it, anything else when it could not be asked.
        """

    async def logout(self, memory: bytes, party: RelyingParty) -> LogoutBegun | None:
        """A logout at the provider, after the session here ended; None where it offers none.

        Raises LoginError where it offers one that cannot be begun now.
        """

    async def read_logout(self, message: LogoutMessage, party: RelyingParty) -> LogoutDemand | LogoutDone:
        """Verify a logout message of the provider."""

    async def answer_logout(self, reply: bytes, party: RelyingParty) -> Sending | None:
        """The answer to a LogoutDemand that was carried out; None where the protocol has none."""

    async def metadata(self, party: RelyingParty) -> bytes | None:
        """What the provider wants to know of us, as a document; None where the protocol has none."""

    async def close(self) -> None:
        """Give back connections."""


Providers = Mapping[str, Provider]
