"""One provider of plain OAuth: the order in which the pure steps and the wire take turns.

Judges nothing itself and keeps nothing of a login.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from idp_adapters.destinations import Destinations
from idp_adapters.identity import Identity, folded
from idp_adapters.oauth.authorization import begin_login, read_transaction
from idp_adapters.oauth.endpoints import endpoints_of
from idp_adapters.oauth.github import github_claims, github_memberships, github_request
from idp_adapters.oauth.profile import identity_in, person_of, profile_request, read_profile
from idp_adapters.oauth.session import SessionMemory, memory_of, read_memory
from idp_adapters.oauth.settings import OAuthSettings
from idp_adapters.oauth.tokens import read_tokens, refresh_request, token_request
from idp_adapters.oidc.callback import read_callback
from idp_adapters.oidc.overage import LISTS_PATIENCE_S
from idp_adapters.oidc.person import groups_in
from idp_adapters.presets import OAuth
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
    ResponseMode,
)
from idp_adapters.transport import Fetch, Transport

_ENDS_A_SESSION = ("denied", "invalid_token", "invalid_claims")

log = structlog.get_logger("idp_adapters.oauth")


class OAuthProvider:
    """A Provider by OAuth 2.0's code flow and an API that tells of the person.

    ``clock`` tells the time of day in seconds, ``random_bytes`` makes secrets, ``fetch`` is the wire; all
    have their production values by default.
    """

    protocol: Final[ProtocolName] = "oauth"
    issuer: Final = ""
    response_mode: Final[ResponseMode] = "query"

    def __init__(
        self,
        name: str,
        settings: OAuthSettings,
        protocol: OAuth,
        *,
        clock: Callable[[], float] = time.time,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        fetch: Fetch | None = None,
    ) -> None:
        self.name = name
        self.display_name = settings.display_name or settings.preset.display_name
        self._settings = settings
        self._speaks = protocol
        self._endpoints = endpoints_of(settings, protocol)
        self._clock = clock
        self._random_bytes = random_bytes
        self._fetch = fetch or Transport(
            Destinations.of(settings.issuer, allow_private_network=settings.allow_private_network)
        )

    async def begin(self, party: RelyingParty, prompt: Prompt = "") -> LoginBegun:
        """Start a login."""
        return begin_login(self._settings, self._endpoints, party.answer, prompt, self._random_bytes)

    def state_of(self, parameters: Parameters) -> str:
        """See Provider."""
        return next((value for name, value in parameters if name == "state"), "")

    async def complete(
        self, parameters: Parameters, transaction: bytes | None, party: RelyingParty
    ) -> LoginCompleted:
        """Verify the callback and ask who it is. See Provider."""
        if transaction is None:
            raise LoginError("unsolicited", "an answer without a login")
        login = read_transaction(transaction, self._settings, party.answer)
        code = read_callback(
            parameters,
            login.as_openid(),
            announces_issuer=False,
            may_answer=lambda issuer: issuer == self._endpoints.response_issuer,
        )
        request = token_request(self._settings, self._endpoints.token, login, code)
        tokens = read_tokens(await self._fetch(request))
        return await self._completed(memory_of(tokens, self._clock()), refreshed=False)

    async def refresh(self, memory: bytes, identity: Identity) -> LoginCompleted | None:
        """Ask for the profile again; None where the access token has ended and no other can be had.

        The caller sees to it that one refresh of a session runs at a time: its token may be worth one.
        """
        session = read_memory(memory)
        if session is None:
            return None
        if not session.has_ended(self._clock()):
            return await self._same_person(session, identity)
        if not session.refresh_token:
            return None
        request = refresh_request(self._settings, self._endpoints.token, session.refresh_token)
        tokens = read_tokens(await self._fetch(request), refreshed=True)
        renewed = memory_of(tokens, self._clock(), session.refresh_token)
        try:
            return await self._same_person(renewed, identity)
        except LoginError as error:
            if error.reason in _ENDS_A_SESSION:
                raise
            # The old refresh token is spent: without the new one the next refresh would put the person out.
            log.warning("refresh_incomplete", provider=self.name, reason=error.reason, detail=error.detail)
            return msgspec.structs.replace(_login_of(identity, renewed), incomplete=True)

    async def logout(self, memory: bytes, party: RelyingParty) -> LogoutBegun | None:
        """None: OAuth 2.0 has no logout."""
        return None

    async def read_logout(self, message: LogoutMessage, party: RelyingParty) -> LogoutDemand:
        """Refuse every message: none of these providers sends any."""
        raise LoginError("invalid_response", "this provider sends no logout messages")

    async def answer_logout(self, reply: bytes, party: RelyingParty) -> None:
        """No answer by the browser in this protocol."""

    async def metadata(self, party: RelyingParty) -> None:
        """No document of ours in this protocol."""

    async def close(self) -> None:
        """Give back connections."""
        await self._fetch.close()

    async def _same_person(self, session: SessionMemory, identity: Identity) -> LoginCompleted:
        completed = await self._completed(session, refreshed=True)
        if completed.identity.subject != identity.subject:
            raise LoginError("invalid_token", "the profile is another person's than at the login")
        return completed

    async def _completed(self, session: SessionMemory, *, refreshed: bool) -> LoginCompleted:
        ask = self._github_person if self._speaks.reads == "github" else self._person
        return _login_of(await ask(session.access_token, refreshed=refreshed), session)

    async def _person(self, access_token: str, *, refreshed: bool) -> Identity:
        url = self._endpoints.profile
        request = profile_request(self._settings, self._speaks, url, access_token)
        profile = read_profile(await self._fetch(request), refreshed=refreshed)
        return person_of(profile, self._speaks, self._settings)

    async def _github_person(self, access_token: str, *, refreshed: bool) -> Identity:
        url = self._endpoints.profile
        answer = await self._fetch(github_request(url, access_token))
        profile = read_profile(answer, refreshed=refreshed)
        scopes = self._settings.scopes or self._settings.preset.scopes
        try:
            async with asyncio.timeout(LISTS_PATIENCE_S):
                claims = await github_claims(self._fetch, url, profile, access_token, refreshed=refreshed)
                member = await github_memberships(self._fetch, url, access_token, scopes, refreshed=refreshed)
        except TimeoutError:
            raise LoginError("provider_unreachable", "GitHub's lists take too long") from None
        return msgspec.structs.replace(
            identity_in(claims, self._settings),
            groups=groups_in([*member.organisations, *member.teams], self._settings.issuer),
            teams=groups_in([folded(team) for team in member.teams], self._settings.issuer),
        )


def _login_of(identity: Identity, session: SessionMemory) -> LoginCompleted:
    return LoginCompleted(
        identity=identity,
        memory=msgspec.msgpack.encode(session),
        access_token=session.access_token,
    )
