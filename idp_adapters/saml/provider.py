"""One SAML identity provider: the order in which the pure steps, the wire and the threads take turns.

Judges nothing itself and keeps nothing of a login; what lasts here is the provider's metadata and our key.
"""

import asyncio
import math
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from idp_adapters.destinations import Destinations
from idp_adapters.identity import Identity
from idp_adapters.provider import (
    LoginBegun,
    LoginCompleted,
    LoginError,
    LogoutBegun,
    LogoutDemand,
    LogoutDone,
    LogoutMessage,
    Parameters,
    Prompt,
    ProtocolName,
    RelyingParty,
    Replay,
    ResponseMode,
    Sending,
)
from idp_adapters.refreshed import Refreshed
from idp_adapters.saml.answering import state_of_answer
from idp_adapters.saml.assertion import VerifiedAssertion
from idp_adapters.saml.authn_request import begin_login, read_transaction
from idp_adapters.saml.entity_ids import EntityIds
from idp_adapters.saml.expected import Expected
from idp_adapters.saml.gate import MAX_ENCODED, decode_base64
from idp_adapters.saml.keys import KeyPair, dump, load, new_key_pair, read_key_pair
from idp_adapters.saml.logout import all_name, index_name, logout_request, logout_response, read_message
from idp_adapters.saml.metadata import IdpMetadata, document_of, metadata_request, read_metadata
from idp_adapters.saml.person import identity_of
from idp_adapters.saml.response import verify_response
from idp_adapters.saml.settings import SamlSettings
from idp_adapters.saml.sp_metadata import sp_metadata
from idp_adapters.saml.threads import Threads
from idp_adapters.transport import Fetch, Transport

Settle = Callable[[str, bytes], Awaitable[bytes]]
"""Keep bytes under a name for good, and return what stands there: the first that came, of any worker."""

_LARGEST_FILE = 10 * 1024 * 1024


class SessionMemory(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="saml-session-1"):
    """What a logout needs to know of a login: what the provider calls the person and the session."""

    name_id: str
    name_id_format: str
    session_index: str


class SamlProvider:
    """A Provider by SAML 2.0 web single sign-on; nothing is fetched before the first login.

    ``settle`` keeps our key pair where none is configured, ``threads`` verify, ``entity_ids`` knows what the
    other providers are called. ``clock`` tells the time of day in seconds, ``monotonic`` the age of what is
    cached, ``random_bytes`` makes secrets, ``fetch`` is the wire; these have their production values by
    default.
    """

    protocol: Final[ProtocolName] = "saml"
    issuer: Final = ""
    response_mode: Final[ResponseMode] = "form_post"

    def __init__(
        self,
        name: str,
        settings: SamlSettings,
        *,
        settle: Settle,
        threads: Threads,
        entity_ids: EntityIds,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        fetch: Fetch | None = None,
    ) -> None:
        self.name = name
        self.display_name = settings.display_name or name
        self._settings = settings
        self._settle = settle
        self._threads = threads
        self._entity_ids = entity_ids
        self._clock = clock
        self._random_bytes = random_bytes
        self._fetch = fetch or _transport(settings)
        self._metadata = Refreshed(f"metadata of provider {name!r}", self._load_metadata, monotonic)
        self._pair = Refreshed(f"key pair of provider {name!r}", self._load_pair, monotonic)

    async def begin(self, party: RelyingParty, prompt: Prompt = "") -> LoginBegun:
        """Start a login. Raises LoginError when the provider cannot be used now."""
        idp, pair = await self._idp(), await self._pair.get()
        entity_id = self._entity_id(party)
        return await self._threads.run(
            lambda: begin_login(
                self._settings, idp, party, entity_id, pair, prompt, self._random_bytes, self._clock()
            )
        )

    def state_of(self, parameters: Parameters) -> str:
        """The RelayState; where the provider lost or replaced it, what the message says that it answers."""
        return state_of_answer(parameters)

    async def complete(
        self, parameters: Parameters, transaction: bytes | None, party: RelyingParty
    ) -> LoginCompleted:
        """Verify a Response from its octets to the person. See Provider."""
        if transaction is None and not self._settings.allow_idp_initiated:
            raise LoginError("unsolicited", "an answer to no login of ours")
        idp, pair = await self._idp(), await self._pair.get()
        return await self._threads.run(lambda: self._verified(parameters, transaction, party, idp, pair))

    async def refresh(self, memory: bytes, identity: Identity) -> LoginCompleted | None:
        """SAML has no way to ask again without the browser."""
        return None

    async def logout(self, memory: bytes, party: RelyingParty) -> LogoutBegun | None:
        """A LogoutRequest; None where the provider takes none."""
        try:
            session = msgspec.msgpack.decode(memory, type=SessionMemory)
        except (msgspec.DecodeError, ValueError):
            raise LoginError("invalid_claims", "what was remembered of the login cannot be read") from None
        idp, pair = await self._idp(), await self._pair.get()
        return await self._threads.run(
            lambda: logout_request(
                session.name_id,
                session.name_id_format,
                session.session_index,
                idp,
                party,
                self._entity_id(party),
                pair,
                self._random_bytes,
                self._clock(),
            )
        )

    async def read_logout(self, message: LogoutMessage, party: RelyingParty) -> LogoutDemand | LogoutDone:
        """Verify a LogoutRequest, or the LogoutResponse to one of ours."""
        idp, pair = await self._idp(), await self._pair.get()
        return await self._threads.run(
            lambda: read_message(
                message,
                idp,
                party,
                self._clock(),
                entity_id=self._entity_id(party),
                private_keys=(pair.private_key,),
                allow_cbc=self._settings.allow_cbc,
            )
        )

    async def answer_logout(self, reply: bytes, party: RelyingParty) -> Sending | None:
        """The LogoutResponse to a demand; None where the provider takes none."""
        idp, pair = await self._idp(), await self._pair.get()
        entity_id = self._entity_id(party)
        return await self._threads.run(
            lambda: logout_response(reply, idp, party, entity_id, pair, self._random_bytes, self._clock())
        )

    async def metadata(self, party: RelyingParty) -> bytes:
        """Our own metadata; the provider's is not needed for it."""
        return sp_metadata(party, self._settings, self._entity_id(party), await self._pair.get())

    async def close(self) -> None:
        """End what is under way and give back connections."""
        await self._metadata.close()
        await self._pair.close()
        await self._fetch.close()

    def _verified(
        self,
        parameters: Parameters,
        transaction: bytes | None,
        party: RelyingParty,
        idp: IdpMetadata,
        pair: KeyPair,
    ) -> LoginCompleted:
        """In a thread: everything between the octets and the person."""
        login = read_transaction(transaction, party, idp.entity_id) if transaction is not None else None
        requested_at = login.requested_at if login is not None else None
        octets = decode_base64(dict(parameters).get("SAMLResponse", ""), MAX_ENCODED)
        assertion = verify_response(
            octets,
            Expected(
                idp_entity_id=idp.entity_id,
                certificates=idp.certificates,
                acs_url=party.answer,
                audience=self._entity_id(party),
                request_id=login.request_id if login is not None else None,
                now=self._clock(),
                requested_at=requested_at,
                private_keys=(pair.private_key,),
                allow_cbc=self._settings.allow_cbc,
                want_encrypted=self._settings.want_encrypted,
                authenticated_since=requested_at if self._settings.force_authn else None,
            ),
        )
        return _completed(assertion, self._settings, idp.entity_id)

    def _entity_id(self, party: RelyingParty) -> str:
        return self._settings.entity_id or party.metadata

    async def _load_pair(self) -> tuple[KeyPair, float]:
        """Our own pair, for good: the configured one, or the one that all workers settled on.

        In a thread: reading an RSA key checks it, which takes as long as twenty logins.
        """
        settings = self._settings
        if settings.sp_key:
            pair = await asyncio.to_thread(read_key_pair, settings.sp_key, settings.sp_certificate)
        else:
            name, today = f"outerward {self.name}", datetime.fromtimestamp(self._clock(), UTC)
            made = await asyncio.to_thread(lambda: dump(new_key_pair(name, today)))
            pair = await asyncio.to_thread(load, await self._settle(f"saml-key {self.name}", made))
        return pair, math.inf

    async def _idp(self) -> IdpMetadata:
        """The provider as its metadata says; what has run out is not used while no newer can be had."""
        idp = await self._metadata.get()
        if self._clock() >= idp.valid_until:
            raise LoginError("provider_misconfigured", "metadata: it has run out, and no newer can be had")
        return idp

    async def _load_metadata(self) -> tuple[IdpMetadata, float]:
        document = await self._document()
        read = await asyncio.to_thread(read_metadata, document, self._settings, self._clock())
        written_down = bool(self._settings.idp_entity_id)
        self._entity_ids.claim(read[0].entity_id, self.name, written_down=written_down)
        return read

    async def _document(self) -> bytes:
        if self._settings.idp_metadata_url:
            answer = await self._fetch(metadata_request(self._settings))
            if answer.status >= 500:
                raise LoginError("provider_unreachable", f"the metadata's address answered {answer.status}")
            if answer.status != 200:
                detail = f"the metadata's address answered {answer.status}"
                raise LoginError("provider_misconfigured", detail)
            return answer.body
        inline = document_of(self._settings)
        return inline if inline is not None else await asyncio.to_thread(_file, self._settings.idp_metadata)


def _completed(assertion: VerifiedAssertion, settings: SamlSettings, issuer: str) -> LoginCompleted:
    names = [all_name(assertion.name_id)]
    if assertion.session_index:
        names.append(index_name(assertion.name_id, assertion.session_index))
    memory = SessionMemory(
        name_id=assertion.name_id,
        name_id_format=assertion.name_id_format,
        session_index=assertion.session_index,
    )
    return LoginCompleted(
        identity=identity_of(assertion, settings, issuer),
        issued_at=assertion.issued_at,
        ends_at=assertion.session_ends_at,
        names=tuple(names),
        memory=msgspec.msgpack.encode(memory),
        replay=Replay(key=f"assertion {len(issuer)} {issuer} {assertion.id}", until=assertion.usable_until),
    )


def _transport(settings: SamlSettings) -> Transport:
    url = settings.idp_metadata_url
    private = settings.allow_private_network
    return Transport(Destinations.of(url, allow_private_network=private) if url else Destinations())


def _file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise LoginError("provider_misconfigured", f"idp_metadata cannot be read: {error.strerror}") from None
