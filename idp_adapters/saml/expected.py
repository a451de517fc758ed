"""What a Response must agree with: the login that it answers, and the parties as they are configured."""

from collections.abc import Sequence

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of every comparison.

    ``request_id`` None stands for an unsolicited response: then nothing in it may answer a request. ``now``
    and ``authenticated_since`` are Unix seconds; with the latter the person must have signed in after it.
    ``requested_at`` is when the request was made; what was issued before it shows a clock that is behind.
    """

    idp_entity_id: str
    certificates: Sequence[x509.Certificate]
    acs_url: str
    audience: str
    request_id: str | None
    now: float
    private_keys: Sequence[rsa.RSAPrivateKey] = ()
    allow_cbc: bool = False
    want_encrypted: bool = False
    authenticated_since: float | None = None
    requested_at: float | None = None

    def __repr__(self) -> str:
        return f"Expected(idp_entity_id={self.idp_entity_id!r}, ...)"
