"""How the lying provider tells its one client: by a secret, by an assertion, or not at all.

RFC 6749 §2.3.1, RFC 7523 §3, OpenID Connect Core 1.0 §9. It takes the configured way alone, so that a client
that comes in another is refused.
"""

import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CREDENTIALS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")


@dataclass
class KnownClient:
    """The client as it is registered; ``key`` verifies its ``assertions``, which are kept as they come."""

    client_id: str
    client_secret: str
    client_auth: str = "client_secret_basic"
    key: RSAKey | ECKey | None = None
    assertions: list[dict[str, object]] = field(default_factory=list)

    def is_proven(self, authorization: str, form: Mapping[str, str], audience: str) -> bool:
        """Whether a request to ``audience`` proves in the registered way that it is the client's."""
        given = {name: form[name] for name in _CREDENTIALS if name in form}
        match self.client_auth:
            case "client_secret_basic":
                return not given and self._is_basic(authorization)
            case "client_secret_post":
                pair = {"client_id": self.client_id, "client_secret": self.client_secret}
                return not authorization and given == pair
            case "private_key_jwt":
                return (
                    not authorization and "client_secret" not in given and self._is_asserted(given, audience)
                )
            case _:
                return not authorization and given == {"client_id": self.client_id}

    def _is_basic(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        client_id, _, secret = b64decode(encoded).decode().partition(":")
        pair = unquote_plus(client_id), unquote_plus(secret)
        return scheme == "Basic" and pair == (self.client_id, self.client_secret)

    def _is_asserted(self, given: Mapping[str, str], audience: str) -> bool:
        """RFC 7523 §3: for us, by the client, for a minute, and once."""
        assert self.key is not None
        try:
            token = jwt.decode(
                given.get("client_assertion", ""), self.key, algorithms=["RS256", "ES256", "ES384"]
            )
        except (JoseError, ValueError):
            return False
        claims = token.claims
        now = time.time()
        good = (
            given.get("client_assertion_type") == ASSERTION
            and given.get("client_id", self.client_id) == self.client_id
            and token.header.get("kid") == self.key.thumbprint()
            and claims["iss"] == claims["sub"] == self.client_id
            and claims["aud"] == audience
            and now < claims["exp"] <= now + 60
            and claims["jti"] not in [earlier["jti"] for earlier in self.assertions]
        )
        self.assertions.append(claims)
        return good
