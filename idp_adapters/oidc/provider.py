"""One OpenID Connect provider: the order in which the pure steps and the wire take turns.

Judges nothing itself and keeps nothing of a login; what lasts here is the provider's own metadata and keys.
"""

import secrets
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from idp_adapters.destinations import Destinations
from idp_adapters.identity import Identity
from idp_adapters.oidc.authorization import LoginTransaction, begin_login, read_transaction
from idp_adapters.oidc.callback import read_callback
from idp_adapters.oidc.claims import Claims, Expected, check_claims
from idp_adapters.oidc.client import Client
from idp_adapters.oidc.id_token import SignedClaims, UnknownKeyError, UnverifiedToken, read_header, verify
from idp_adapters.oidc.issuer import Issuers
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
from idp_adapters.oidc.people import People, Told
from idp_adapters.oidc.quirks import STANDARD, Quirks
from idp_adapters.oidc.session import (
    SessionMemory,
    check_refreshed,
    read_memory,
    refresh_request,
    with_gaps_filled,
)
from idp_adapters.oidc.tokens import Tokens, read_tokens, token_request
from idp_adapters.oidc.userinfo import is_refused
from idp_adapters.provider import (
    LoginBegun,
    LoginCompleted,
    LoginError,
    LoginErrorReason,
    LogoutBegun,
    LogoutDemand,
    LogoutMessage,
    Parameters,
    Prompt,
    ProtocolName,
    RelyingParty,
    ResponseMode,
)
from idp_adapters.refreshed import Refreshed
from idp_adapters.settings import OidcSettings
from idp_adapters.transport import Answer, Fetch, Request, Transport

METADATA_FRESH_S = 3600.0
_ENDS_A_SESSION = ("denied", "invalid_token", "invalid_claims")

log = structlog.get_logger("idp_adapters.oidc")


class OidcProvider:
    """A Provider by OpenID Connect's code flow; nothing is fetched before the first login.

    ``quirks`` say how a well-known provider departs from the standard.
    ``clock`` tells the time of day in seconds, ``monotonic`` the age of what is cached, ``random_bytes``
    makes secrets, ``fetch`` is the wire; all have their production values by default.
    """

    protocol: Final[ProtocolName] = "oidc"

    def __init__(
        self,
        name: str,
        settings: OidcSettings,
        *,
        quirks: Quirks = STANDARD,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        fetch: Fetch | None = None,
    ) -> None:
        self.name = name
        self.display_name = settings.display_name or name
        self._settings = settings
        self._quirks = quirks
        self._client = Client(settings, clock, random_bytes)
        self._clock = clock
        self._random_bytes = random_bytes
        self._fetch = fetch or Transport(
            Destinations.of(settings.issuer, allow_private_network=settings.allow_private_network)
        )
        self._people = People(settings, quirks, self._fetch)
        self._metadata = Refreshed(f"metadata of provider {name!r}", self._load_metadata, monotonic)
        self._keys = Refreshed(f"keys of provider {name!r}", self._load_keys, monotonic)

    @property
    def issuer(self) -> str:
        """See Provider."""
        return self._settings.issuer

    @property
    def response_mode(self) -> ResponseMode:
        """See Provider."""
        return self._settings.response_mode

    async def begin(self, party: RelyingParty, prompt: Prompt = "") -> LoginBegun:
        """Start a login. Raises LoginError when the provider cannot be used now."""
        metadata = await self._metadata.get()
        return begin_login(
            self._settings,
            metadata,
            party.answer,
            prompt,
            self._random_bytes,
            now=self._clock(),
            quirks=self._quirks,
        )

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
        issuers = self._issuers(metadata)
        code = read_callback(
            parameters, login, announces_issuer=metadata.announces_issuer, may_answer=issuers.may_answer
        )
        request = token_request(self._client, metadata, login, code, self._quirks)
        tokens = read_tokens(await self._fetch(request))
        signed = await self._verified(read_header(tokens.id_token, self._settings.id_token_algs))
        check_claims(signed, self._expected(login, code, tokens, signed, issuers.expected(signed.claims)))
        issuer = issuers.of_person(signed.claims)
        answer = await self._people.ask(metadata, tokens.access_token)
        told = await self._people.read(signed.claims, answer, issuer, tokens.access_token)
        memory = SessionMemory(id_token=tokens.id_token, nonce=login.nonce)
        return _login_of(told, tokens, memory)

    async def refresh(self, memory: bytes, identity: Identity) -> LoginCompleted | None:
        """Use the refresh token of a session, which then has another; without one, ask userinfo again.

        None where the session has neither, or its access token is no longer good; else see Provider. The
        caller sees to it that one refresh of a session runs at a time: its token may be worth one.
        """
        session = read_memory(memory)
        if session is None or not (session.refresh_token or session.access_token):
            return None
        metadata = await self._metadata.get()
        earlier = msgspec.structs.replace(identity, session_id=session.sid or identity.session_id)
        if not session.refresh_token:
            return await self._asked_again(metadata, session, earlier)
        request = refresh_request(self._client, metadata, session.refresh_token)
        tokens = read_tokens(await self._fetch(request), refreshed=True, quirks=self._quirks)
        try:
            claims = await self._refreshed_claims(metadata, tokens, session, earlier)
            answer = await self._people.ask(metadata, tokens.access_token)
            told = await self._told_again(tokens, claims, answer, session, earlier)
        except LoginError as error:
            if error.reason in _ENDS_A_SESSION:
                raise
            # The old refresh token is spent: without the new one the next refresh would put the person out.
            log.warning("refresh_incomplete", provider=self.name, reason=error.reason, detail=error.detail)
            tokens = Tokens("", tokens.access_token, tokens.refresh_token)
            told = Told(identity=earlier, from_userinfo=session.from_userinfo, overage=session.overage)
            return msgspec.structs.replace(_login_of(told, tokens, session), incomplete=True)
        return _login_of(told, tokens, session)

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
        issuer = self._issuers(await self._metadata.get()).expected(signed.claims)
        return read_logout_claims(signed.claims, issuer, self._settings.client_id, self._clock())

    async def answer_logout(self, reply: bytes, party: RelyingParty) -> None:
        """No answer by the browser in this protocol."""

    async def metadata(self, party: RelyingParty) -> None:
        """No document of ours in this protocol."""

    async def close(self) -> None:
        """End what is under way and give back connections."""
        await self._metadata.close()
        await self._keys.close()
        await self._fetch.close()

    async def _asked_again(
        self, metadata: Metadata, session: SessionMemory, earlier: Identity
    ) -> LoginCompleted | None:
        answer = await self._people.ask(metadata, session.access_token)
        # An access token comes to its end by itself: that is no word of the provider's about the person.
        if answer is None or is_refused(answer):
            return None
        tokens = Tokens("", session.access_token)
        return _login_of(await self._told_again(tokens, {}, answer, session, earlier), tokens, session)

    async def _refreshed_claims(
        self, metadata: Metadata, tokens: Tokens, session: SessionMemory, identity: Identity
    ) -> Claims:
        """The verified claims of a refreshed ID token; none where there is no token."""
        if not tokens.id_token:
            return {}
        token = read_header(tokens.id_token, self._settings.id_token_algs)
        signed = await self._verified(token, refreshed=True)
        issuers = self._issuers(metadata)
        check_refreshed(
            signed.claims,
            issuers.expected(signed.claims),
            self._settings.client_id,
            identity.subject,
            session,
            self._clock(),
        )
        if issuers.of_person(signed.claims) != identity.issuer:
            raise LoginError("invalid_token", "refreshed ID token: it is of another issuer")
        return signed.claims

    async def _told_again(
        self, tokens: Tokens, claims: Claims, answer: Answer | None, session: SessionMemory, earlier: Identity
    ) -> Told:
        """Who the person is now. An ID token says all; without one, what userinfo never told stays."""
        known = {"sub": earlier.subject, "sid": earlier.session_id, **claims}
        told = await self._people.read(known, answer, earlier.issuer, tokens.access_token)
        if claims:
            return told
        fields = tuple(dict.fromkeys([*told.from_userinfo, *session.from_userinfo]))
        identity = with_gaps_filled(told.identity, earlier, fields)
        overage = told.overage or (session.overage and "groups" not in told.from_userinfo)
        if overage and not told.overage:
            identity = await self._people.with_overage(identity, tokens.access_token)
        return Told(identity=identity, from_userinfo=fields, overage=overage)

    async def _verified(self, token: UnverifiedToken, *, refreshed: bool = False) -> SignedClaims:
        """Raises LoginError; for a refresh *provider_error* where newer keys cannot be had just now."""
        known = await self._keys.get()
        try:
            return verify(token, known)
        except UnknownKeyError:
            pass
        newer = await self._keys.renew()
        try:
            return verify(token, newer)
        except UnknownKeyError:
            unknown = refreshed and newer is known
            reason: LoginErrorReason = "provider_error" if unknown else "invalid_token"
            raise LoginError(reason, "token: no key of the provider fits its signature") from None

    def _issuers(self, metadata: Metadata) -> Issuers:
        return Issuers(self._settings.issuer, metadata.issuer, self._quirks)

    def _expected(
        self, login: LoginTransaction, code: str, tokens: Tokens, signed: SignedClaims, issuer: str
    ) -> Expected:
        max_age = self._settings.max_age
        begun_at = self._clock() if login.begun_at is None else login.begun_at
        return Expected(
            issuer=issuer,
            client_id=self._settings.client_id,
            nonce=login.nonce,
            code=code,
            access_token=tokens.access_token,
            alg=signed.alg,
            now=self._clock(),
            nonce_required=not self._quirks.omits_nonce,
            acr_values=self._settings.acr_values,
            signed_in_after=None if max_age is None else begun_at - max_age.total_seconds(),
        )

    async def _load_metadata(self) -> tuple[Metadata, float]:
        answer = await self._fetch(metadata_request(self._settings.issuer))
        return read_metadata(answer, self._settings, self._quirks), METADATA_FRESH_S

    async def _load_keys(self) -> tuple[KeySet, float]:
        metadata = await self._metadata.get()
        answer = await self._fetch(Request("GET", metadata.jwks_uri))
        return read_keys(answer), keys_fresh_s(answer)


def _login_of(told: Told, tokens: Tokens, memory: SessionMemory) -> LoginCompleted:
    """The login as it is known by now; what ``tokens`` do not bring stays as ``memory`` has it."""
    kept = SessionMemory(
        id_token=tokens.id_token or memory.id_token,
        nonce=memory.nonce,
        refresh_token=tokens.refresh_token or memory.refresh_token,
        access_token=tokens.access_token,
        sid=told.identity.session_id,
        from_userinfo=told.from_userinfo,
        overage=told.overage,
    )
    return LoginCompleted(
        identity=told.identity,
        names=names_of(told.identity.subject, told.identity.session_id),
        memory=msgspec.msgpack.encode(kept),
        access_token=tokens.access_token,
    )
