"""The one who signs in with every preset, as each of them tells of her."""

from typing import Any

from idp_adapters import Identity


def ada(issuer: str, subject: str, **told: Any) -> Identity:
    """Ada at one provider, with a verified e-mail where nothing else is told."""
    known: dict[str, Any] = {"name": "Ada Lovelace", "email": "ada@example.com", "email_verified": True}
    return Identity(issuer=issuer, subject=subject, **(known | told))


PEOPLE = {
    "google": ada("https://accounts.google.com", "110169484474386276334"),
    "github": ada(
        "https://github.com",
        "583231",
        username="ada",
        groups=("Acme", "example", "Acme/ops", "Acme/web-dev"),
        teams=("acme/ops", "acme/web-dev"),
    ),
    "gitlab": ada("https://gitlab.com", "1234567", username="ada", groups=("acme", "acme/ops")),
    "microsoft": ada(
        "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
        "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        username="ada@example.com",
        email_verified=False,
    ),
    "facebook": ada("https://www.facebook.com", "10158123456789012", email_verified=False),
    "linkedin": ada("https://www.linkedin.com/oauth", "782bbtaQ"),
    "amazon": ada("https://www.amazon.com", "amzn1.account.K2LI23KL2LK2", email_verified=False),
    "twitch": ada("https://id.twitch.tv/oauth2", "713936733", name="", username="AdaPlays"),
}
NAMES = sorted(PEOPLE)
