"""What a logout request asks of the demo's OpenID provider, checked (RP-Initiated Logout 1.0 §2, §3).

Pure: parameters and a verified hint in, a request or a refusal out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from outerward.demo.authorization import Client, NoRedirectError

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EndSession:
    """A valid request. ``session_id`` is the sign-in that its hint names, "" without a hint."""

    session_id: str
    redirect_uri: str
    state: str | None

    @property
    def url(self) -> str:
        """Where the browser goes afterwards; "" where the request does not say."""
        if not self.redirect_uri or self.state is None:
            return self.redirect_uri
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return self.redirect_uri + joint + urlencode({"state": self.state})

    @property
    def origins(self) -> list[str]:
        """The origin that a form leads on to, if any."""
        parts = urlsplit(self.redirect_uri)
        return [f"{parts.scheme}://{parts.netloc}"] if self.redirect_uri else []


def read_end_session(
    pairs: Sequence[tuple[str, str]], client: Client, claims_of: Callable[[str], Claims | None]
) -> EndSession:
    """The request in ``pairs``, parameters in order.

    ``claims_of`` gives the claims of an ID token that this provider signed, however old, and None for any
    other. Raises NoRedirectError: nothing is ended then and nobody is sent anywhere.
    """
    values = dict(pairs)
    if len(values) != len(pairs):
        raise NoRedirectError("The application sent a parameter twice.")
    hint = values.get("id_token_hint")
    claims = None if hint is None else claims_of(hint)
    if hint is not None and (claims is None or claims.get("aud") != client.id):
        raise NoRedirectError("The id_token_hint was not issued by this provider to the application.")
    if values.get("client_id", client.id) != client.id:
        raise NoRedirectError("No application is registered under this client_id.")
    redirect_uri = values.get("post_logout_redirect_uri", "")
    if redirect_uri and claims is None and "client_id" not in values:
        raise NoRedirectError("The application does not say who it is.")
    if redirect_uri and redirect_uri not in client.signed_out_uris:
        raise NoRedirectError("The application is not registered with this post_logout_redirect_uri.")
    session_id = "" if claims is None else str(claims.get("sid", ""))
    return EndSession(session_id, redirect_uri, values.get("state"))
