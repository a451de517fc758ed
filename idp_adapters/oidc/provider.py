"""One OpenID Connect provider: the order in which the pure steps and the wire take turns.

Judges nothing itself and keeps nothing of a login; what lasts here is the provider's own metadata and keys.
"""

import secrets
import time
from collections.abc import Callable, Sequence

from idp_adapters.destinations import Destinations
from idp_adapters.identity import Identity
from idp_adapters.oidc.authorization import LoginTransaction, begin_login, read_transaction
from idp_adapters.oidc.callback import read_callback
from idp_adapters.oidc.claims import Expected, check_claims
from idp_adapters.oidc.id_token import SignedClaims, UnknownKeyError, read_header, verify
from idp_adapters.oidc.keys import KeySet, keys_fresh_s, read_keys
from idp_adapters.oidc.metadata import Metadata, metadata_request, read_metadata
from idp_adapters.oidc.person import identity_of
from idp_adapters.oidc.tokens import Tokens, read_tokens, token_request
from idp_adapters.oidc.userinfo import read_userinfo, userinfo_request
from idp_adapters.provider import LoginBegun, LoginError, Prompt
from idp_adapters.refreshed import Refreshed
from idp_adapters.settings import OidcSettings
from idp_adapters.transport import Fetch, Request, Transport

METADATA_FRESH_S = 3600.0


class OidcProvider:
    """A Provider by OpenID Connect's code flow; nothing is fetched before the first login.

    ``clock`` tells the time of day in seconds, ``monotonic`` the age of what is cached, ``random_bytes``
    makes secrets, ``fetch`` is the wire; all have their production values by default.
    """

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
        self.issuer = settings.issuer
        self._settings = settings
        self._clock = clock
        self._random_bytes = random_bytes
        self._fetch = fetch or Transport(
            Destinations.of(settings.issuer, allow_private_network=settings.allow_private_network)
        )
        self._metadata = Refreshed(f"metadata of provider {name!r}", self._load_metadata, monotonic)
        self._keys = Refreshed(f"keys of provider {name!r}", self._load_keys, monotonic)

    async def begin(self, redirect_uri: str, prompt: Prompt = "") -> LoginBegun:
        """Start a login. Raises LoginError when the provider cannot be used now."""
        metadata = await self._metadata.get()
        return begin_login(self._settings, metadata, redirect_uri, prompt, self._random_bytes)

    async def complete(
        self, parameters: Sequence[tuple[str, str]], transaction: bytes, redirect_uri: str
    ) -> Identity:
        """Verify the callback and everything that follows from it. See Provider."""
        login = read_transaction(transaction, self._settings, redirect_uri)
        metadata = await self._metadata.get()
        code = read_callback(parameters, login, announces_issuer=metadata.announces_issuer)
        tokens = read_tokens(await self._fetch(token_request(self._settings, metadata, login, code)))
        signed = await self._verified(tokens)
        check_claims(signed, self._expected(login, code, tokens, signed.alg))
        userinfo: dict[str, object] = {}
        if metadata.userinfo_endpoint:
            answer = await self._fetch(userinfo_request(metadata, tokens))
            userinfo = read_userinfo(answer, signed.claims["sub"])
        return identity_of(signed.claims, userinfo, self._settings)

    async def close(self) -> None:
        """End what is under way and give back connections."""
        await self._metadata.close()
        await self._keys.close()
        await self._fetch.close()

    async def _verified(self, tokens: Tokens) -> SignedClaims:
        token = read_header(tokens.id_token, self._settings.id_token_algs)
        try:
            return verify(token, await self._keys.get())
        except UnknownKeyError:
            pass
        try:
            return verify(token, await self._keys.renew())
        except UnknownKeyError:
            raise LoginError("invalid_token", "ID token: no key of the provider fits its signature") from None

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
