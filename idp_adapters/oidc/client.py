"""Who we are at the token endpoint, and how we prove it there.

RFC 6749 §2.3.1, RFC 7521 §4.2, RFC 7523 §2.2, OpenID Connect Core 1.0 §9. Pure: time and randomness are
passed in. Knows nothing of what is asked for.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import cached_property
from urllib.parse import quote_plus, urlencode

from joserfc import jwt

from idp_adapters.client_key import ClientKey, read_client_key
from idp_adapters.settings import OidcSettings
from idp_adapters.transport import Request

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE_S = 60
_JTI_BYTES = 24


class Client:
    """This client at one provider; ``clock`` tells Unix time in s, ``random_bytes`` makes assertions' ids."""

    def __init__(
        self, settings: OidcSettings, clock: Callable[[], float], random_bytes: Callable[[int], bytes]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random_bytes = random_bytes

    def request(self, url: str, body: str, *, patience_s: float | None = None) -> Request:
        """A POST of the form ``body`` to the token endpoint ``url``, with our own credentials."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        settings = self._settings
        match settings.client_auth:
            case "client_secret_basic":
                headers["Authorization"] = _basic(settings.client_id, settings.client_secret)
            case "client_secret_post":
                body = _with(body, client_id=settings.client_id, client_secret=settings.client_secret)
            case "private_key_jwt":
                body = _with(
                    body,
                    client_id=settings.client_id,
                    client_assertion_type=ASSERTION_TYPE,
                    client_assertion=self._assertion(url),
                )
            case "none":
                body = _with(body, client_id=settings.client_id)
        return Request("POST", url, headers, body.encode("ascii"), patience_s)

    @cached_property
    def _key(self) -> ClientKey:
        return read_client_key(self._settings.private_key)

    def _assertion(self, url: str) -> str:
        """A new one for each request: it counts once (RFC 7523 §3)."""
        key, now = self._key, int(self._clock())
        claims = {
            "iss": self._settings.client_id,
            "sub": self._settings.client_id,
            # Not the issuer: every provider takes this one (Core §9), and it is sent nowhere else.
            "aud": url,
            "jti": urlsafe_b64encode(self._random_bytes(_JTI_BYTES)).decode("ascii"),
            "iat": now,
            "exp": now + ASSERTION_LIFE_S,
        }
        header = {"alg": key.alg, "kid": key.kid}
        return jwt.encode(header, claims, key.key, algorithms=[key.alg])


def _with(body: str, **fields: str) -> str:
    return f"{body}&{urlencode(fields)}"


def _basic(client_id: str, client_secret: str) -> str:
    # Each part is form-encoded before they are joined (RFC 6749 §2.3.1): a colon or '+' in one stays its own.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"
