"""A real OpenID provider for tests: npm's ``oidc-provider`` on a loopback port.

``OidcServer`` starts it with the users and clients that the test names; it can be stopped, started again on
its port, and given new keys. ``browser()`` and ``sign_in`` are those of ``tests.support.browser``:

    with OidcServer(users={"ada": {"email": "ada@example.com", "email_verified": True}},
                    clients=[RegisteredClient("outerward", "secret", (callback,))]) as server:
        async with browser() as client:
            landing = await sign_in(client, "http://app.localhost:4180/", "ada")
            assert landing.status == 200

A user's key is the subject. ``client_id``, ``client_secret`` and ``issuer`` go into ``OidcSettings`` together
with ``allow_private_network=True``. Logouts: by the application (``end_session_endpoint``), by the person at
``logout_url``, and by back channel to each client that has a ``backchannel_logout_uri``; a ``*.localhost``
name in it leads to loopback. The provider offers no front channel.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joserfc.jwk import ECKey, RSAKey
from yarl import URL

from tests.support.browser import Landing, browser, sign_in, sign_out_at_provider
from tests.support.node_provider import NodeProvider, install

__all__ = [
    "Landing",
    "OidcServer",
    "RegisteredClient",
    "browser",
    "install",
    "new_key",
    "sign_in",
    "sign_out_at_provider",
]


@dataclass(frozen=True)
class RegisteredClient:
    """A client that the provider knows; addresses are compared exactly.

    ``client_auth`` is how it proves itself, with private_key_jwt by ``key``, which has a name; ``refreshes``
    says whether it may have refresh tokens.
    """

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    client_auth: str = "client_secret_basic"
    key: RSAKey | ECKey | None = None
    refreshes: bool = False

    def metadata(self) -> dict[str, object]:
        """As a dynamic registration would have it (RFC 7591 §2, Back-Channel Logout 1.0 §2.2)."""
        known: dict[str, object] = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "redirect_uris": self.redirect_uris,
            "post_logout_redirect_uris": self.post_logout_redirect_uris,
            "response_types": ["code"],
            "grant_types": ["authorization_code", *(["refresh_token"] if self.refreshes else [])],
            "token_endpoint_auth_method": self.client_auth,
        }
        if self.client_auth in ("private_key_jwt", "none"):
            del known["client_secret"]
        if self.key is not None:
            known["jwks"] = {"keys": [self.key.as_dict(private=False)]}
        if self.backchannel_logout_uri:
            known["backchannel_logout_uri"] = self.backchannel_logout_uri
            known["backchannel_logout_session_required"] = self.backchannel_logout_session_required
        return known


class OidcServer(NodeProvider):
    """The provider as a process of its own. ``issuer`` stays the same over restarts.

    ``offline_only``: a client gets a refresh token only where it asks for ``offline_access`` with consent.

    ``address`` is of loopback; cookies ignore ports, so two providers in one browser need two addresses.
    """

    program = "oidc.mjs"

    def __init__(
        self,
        *,
        users: Mapping[str, Mapping[str, object]],
        clients: Sequence[RegisteredClient],
        id_token_claims: bool = False,
        offline_only: bool = False,
        address: str = "127.0.0.1",
    ) -> None:
        super().__init__()
        self.users = users
        self.clients = list(clients)
        self.id_token_claims = id_token_claims
        self.offline_only = offline_only
        self.issuer = ""
        self._address = address
        self._port = 0
        self._keys = [new_key()]

    @property
    def logout_url(self) -> str:
        """Where a person ends the session at the provider, without any client's help."""
        return f"{self.issuer}/session/end"

    def new_keys(self) -> None:
        """Make the keys that it signs with from its next start on."""
        self._keys = [new_key()]

    def listening(self) -> None:
        """Take what is needed out of ``told``."""
        self.issuer = self.told["issuer"]
        self._port = URL(self.issuer).port or 0

    def configuration(self) -> dict[str, object]:
        """What the program reads when it starts."""
        return {
            "address": self._address,
            "port": self._port,
            "users": self.users,
            "clients": [client.metadata() for client in self.clients],
            "keys": self._keys,
            "cookie_key": secrets.token_urlsafe(16),
            "id_token_claims": self.id_token_claims,
            "offline_only": self.offline_only,
        }


def new_key() -> dict[str, object]:
    """A signing key of its own, private part included, named by its thumbprint."""
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
    return dict(key.as_dict(private=True))
