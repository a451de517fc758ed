"""One OpenID Connect provider: the order in which the pure steps and the wire take turns.

Judges nothing itself and keeps nothing of a login; what lasts here is the provider's own metadata and keys.
"""

import secrets
import time
from collections.abc import Callable
from typing import Final

import msgspec

from idp_adapters.destinations import Destinations
from idp_adapters.identity import Identity
from idp_adapters.oidc.authorization import LoginTransaction, begin_login, read_transaction
from idp_adapters.oidc.callback import read_callback
from idp_adapters.oidc.claims import Claims, Expected, check_claims
from idp_adapters.oidc.id_token import SignedClaims, UnknownKeyError, UnverifiedToken, read_header, verify
from idp_adapters.oidc.keys import KeySet, keys_fresh_s, read_keys
from idp_adapters.oidc.logout import (
    LOGOUT_TYPES,
    begin_logout,
    logout_token_in,
    names_of,
    read_front_channel,
    read_logout_claims,
)
from idp_adapters.oidc.metadata import Metadata, metadata_request, read_metadata
from idp_adapters.oidc.person import identity_of
from idp_adapters.oidc.session import (
    SessionMemory,
    check_refreshed,
    read_memory,
    refresh_request,
    with_gaps_filled,
)
from idp_adapters.oidc.tokens import Tokens, read_tokens, token_request
from idp_adapters.oidc.userinfo import read_userinfo, userinfo_request
from idp_adapters.provider import (
    LoginBegun,
    LoginCompleted,
    LoginError,
    LogoutBegun,
    LogoutDemand,
    LogoutMessage,
    Parameters,
    Prompt,
    ProtocolName,
    RelyingParty,
)
from idp_adapters.refreshed import Refreshed
from idp_adapters.settings import OidcSettings
from idp_adapters.transport import Fetch, Request, Transport

METADATA_FRESH_S = 3600.0


class OidcProvider:
    """A Provider by OpenID Connect's code flow; nothing is fetched before the first login.

    ``clock`` tells the time of day in seconds, ``monotonic`` the age of what is cached, ``random_bytes``
    makes secrets, ``fetch`` is the wire; all have their production values by default.
    """

    protocol: Final[ProtocolName] = "oidc"

    def __init__(
        self,
        name: str,
        settings: OidcSettings,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        fetch: Fetch | None = None,
    ) -> None:
        self.name = name
        self.display_name = settings.display_name or name
        self._settings = settings
        self._clock = clock
        self._random_bytes = random_bytes
        self._fetch = fetch or Transport(
            Destinations.of(settings.issuer, allow_private_network=settings.allow_private_network)
        )
        self._metadata = Refreshed(f"metadata of provider {name!r}", self._load_metadata, monotonic)
        self._keys = Refreshed(f"keys of provider {name!r}", self._load_keys, monotonic)

    async def begin(self, party: RelyingParty, prompt: Prompt = "") -> LoginBegun:
        """Start a login. Raises LoginError when the provider cannot be used now."""
        metadata = await self._metadata.get()
        return begin_login(self._settings, metadata, party.answer, prompt, self._random_bytes)

    def state_of(self, parameters: Parameters) -> str:
        """See Provider."""
        return next((value for name, value in parameters if name == "state"), "")

    async def complete(
        self, parameters: Parameters, transaction: bytes | None, party: RelyingParty
    ) -> LoginCompleted:
        """Verify the callback and everything that follows from it. See Provider."""
        if transaction is None:
            raise LoginError("unsolicited", "an answer without a login")
        login = read_transaction(transaction, self._settings, party.answer)
        metadata = await self._metadata.get()
        code = read_callback(parameters, login, announces_issuer=metadata.announces_issuer)
        tokens = read_tokens(await self._fetch(token_request(self._settings, metadata, login, code)))
        signed = await self._verified(read_header(tokens.id_token, self._settings.id_token_algs))
        check_claims(signed, self._expected(login, code, tokens, signed.alg))
        memory = SessionMemory(
            id_token=tokens.id_token, nonce=login.nonce, refresh_token=tokens.refresh_token
        )
        return await self._completed(metadata, tokens, signed.claims, memory)

    async def refresh(self, memory: bytes, identity: Identity) -> LoginCompleted | None:
        """Use the refresh token of a session, which then has another; see Provider.

        The caller sees to it that one refresh of a session runs at a time: its token may be worth one.
        """
        session = read_memory(memory)
        if session is None or not session.refresh_token:
            return None
        metadata = await self._metadata.get()
        request = refresh_request(self._settings, metadata, session.refresh_token)
        tokens = read_tokens(await self._fetch(request), refreshed=True)
        claims: Claims = {"sub": identity.subject, "sid": identity.session_id}
        if tokens.id_token:
            signed = await self._verified(read_header(tokens.id_token, self._settings.id_token_algs))
            check_refreshed(signed.claims, self._settings, identity.subject, session, self._clock())
            claims = signed.claims
        memory_now = SessionMemory(
            id_token=tokens.id_token or session.id_token,
            nonce=session.nonce,
            refresh_token=tokens.refresh_token or session.refresh_token,
        )
        completed = await self._completed(metadata, tokens, claims, memory_now)
        if tokens.id_token:
            return completed
        return msgspec.structs.replace(completed, identity=with_gaps_filled(completed.identity, identity))

    async def logout(self, memory: bytes, party: RelyingParty) -> LogoutBegun | None:
        """To the end-session endpoint; None where the provider names none."""
        endpoint = (await self._metadata.get()).end_session_endpoint
        if not endpoint:
            return None
        return begin_logout(endpoint, memory, self._settings.client_id, party.signed_out, self._random_bytes)

    async def read_logout(self, message: LogoutMessage, party: RelyingParty) -> LogoutDemand:
        """Verify a logout token, or read a front-channel request. See Provider."""
        if message.channel == "front":
            return read_front_channel(message.parameters, self._settings.issuer)
        compact = logout_token_in(message.parameters)
        token = read_header(compact, self._settings.id_token_algs, LOGOUT_TYPES)
        signed = await self._verified(token)
        return read_logout_claims(
            signed.claims, self._settings.issuer, self._settings.client_id, self._clock()
        )

    async def answer_logout(self, reply: bytes, party: RelyingParty) -> None:
        """No answer by the browser in this protocol."""

    async def metadata(self, party: RelyingParty) -> None:
        """No document of ours in this protocol."""

    async def close(self) -> None:
        """End what is under way and give back connections."""
        await self._metadata.close()
        await self._keys.close()
        await self._fetch.close()

    async def _completed(
        self, metadata: Metadata, tokens: Tokens, claims: Claims, memory: SessionMemory
    ) -> LoginCompleted:
        """The login of verified ``claims``, with what the userinfo endpoint adds to them."""
        userinfo: dict[str, object] = {}
        if metadata.userinfo_endpoint:
            answer = await self._fetch(userinfo_request(metadata, tokens))
            userinfo = read_userinfo(answer, claims["sub"])
        identity = identity_of(claims, userinfo, self._settings)
        return LoginCompleted(
            identity=identity,
            names=names_of(identity.subject, identity.session_id),
            memory=msgspec.msgpack.encode(memory),
        )

    async def _verified(self, token: UnverifiedToken) -> SignedClaims:
        try:
            return verify(token, await self._keys.get())
        except UnknownKeyError:
            pass
        try:
            return verify(token, await self._keys.renew())
        except UnknownKeyError:
            raise LoginError("invalid_token", "token: no key of the provider fits its signature") from None

    def _expected(self, login: LoginTransaction, code: str, tokens: Tokens, alg: str) -> Expected:
        return Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=login.nonce,
            code=code,
            access_token=tokens.access_token,
            alg=alg,
            now=self._clock(),
        )

    async def _load_metadata(self) -> tuple[Metadata, float]:
        answer = await self._fetch(metadata_request(self._settings.issuer))
        return read_metadata(answer, self._settings), METADATA_FRESH_S

    async def _load_keys(self) -> tuple[KeySet, float]:
        metadata = await self._metadata.get()
        answer = await self._fetch(Request("GET", metadata.jwks_uri))
        return read_keys(answer), keys_fresh_s(answer)
