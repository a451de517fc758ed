"""Asking a provider whether it can be used, by its own adapter and transport; nobody's login is begun."""

import json
from base64 import urlsafe_b64encode

from idp_adapters import (
    Answer,
    Destinations,
    EntityIds,
    Fetch,
    LoginError,
    LogoutMessage,
    OAuthProvider,
    OAuthSettings,
    OidcProvider,
    OidcSettings,
    Provider,
    Redirect,
    Request,
    SamlProvider,
    SamlSettings,
    Threads,
    Transport,
    provider_of,
)
from outerward.config.findings import Clock
from proxy import relying_party

_ORIGIN = "https://app.example.com"


async def ask_provider(
    name: str, settings: OidcSettings | OAuthSettings | SamlSettings, clock: Clock, threads: Threads
) -> str:
    """What was asked of the provider, all of it answered. Raises LoginError."""
    private = settings.allow_private_network
    home = settings.idp_metadata_url if isinstance(settings, SamlSettings) else settings.issuer
    destinations = Destinations.of(home, allow_private_network=private) if home else Destinations()
    fetch = _Heard(name, Transport(destinations), clock)
    provider = _provider(name, settings, fetch, threads)
    try:
        party = relying_party(_ORIGIN, name, provider.protocol)
        begun = await provider.begin(party)
        if isinstance(provider, OAuthProvider) and isinstance(begun.sending, Redirect):
            await fetch(Request("GET", _origin_of(begun.sending.url) + "/robots.txt"))
            return "its server answers"
        if isinstance(provider, SamlProvider):
            return "metadata"
        algorithm = settings.id_token_algs[0] if isinstance(settings, OidcSettings) else "RS256"
        await _ask_keys(provider, algorithm)
        return "metadata and keys"
    finally:
        await provider.close()


class _Heard:
    """A Fetch that tells the clock of each answer."""

    def __init__(self, name: str, fetch: Fetch, clock: Clock) -> None:
        self._name = name
        self._fetch = fetch
        self._clock = clock

    async def __call__(self, request: Request) -> Answer:
        answer = await self._fetch(request)
        self._clock.note(self._name, answer.headers.get("date", ""))
        return answer

    async def close(self) -> None:
        await self._fetch.close()


async def _ask_keys(provider: Provider, algorithm: str) -> None:
    """Have a token refused that nobody signed: that takes the provider's keys. Raises LoginError."""
    header = json.dumps({"alg": algorithm, "typ": "logout+jwt", "kid": "nobody's"}).encode()
    token = f"{urlsafe_b64encode(header).rstrip(b'=').decode()}.e30.AAAA"
    message = LogoutMessage(channel="back", parameters=(("logout_token", token),))
    try:
        await provider.read_logout(message, relying_party(_ORIGIN, provider.name, provider.protocol))
    except LoginError as error:
        if error.reason in ("provider_error", "provider_unreachable", "provider_misconfigured"):
            raise


def _provider(
    name: str, settings: OidcSettings | OAuthSettings | SamlSettings, fetch: Fetch, threads: Threads
) -> Provider:
    match settings:
        case OidcSettings():
            return OidcProvider(name, settings, fetch=fetch)
        case OAuthSettings():
            return provider_of(name, settings, fetch=fetch)
        case SamlSettings():
            return SamlProvider(
                name, settings, settle=_unkept, threads=threads, entity_ids=EntityIds(), fetch=fetch
            )


async def _unkept(_: str, proposal: bytes) -> bytes:
    """A key pair for this check alone."""
    return proposal


def _origin_of(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
