"""Who somebody is: as a provider asserts it, as the store keeps it, as a page names it. Pure."""

from idp_adapters import Identity
from session_store import Principal


def principal_of(identity: Identity, provider: str) -> Principal:
    """The identity as the store keeps it."""
    return Principal(
        provider=provider,
        issuer=identity.issuer,
        subject=identity.subject,
        username=identity.username,
        name=identity.name,
        email=identity.email,
        email_verified=identity.email_verified,
        groups=identity.groups,
        teams=identity.teams,
    )


def identity_of(principal: Principal) -> Identity:
    """The stored principal as rules see it."""
    return Identity(
        issuer=principal.issuer,
        subject=principal.subject,
        username=principal.username,
        name=principal.name,
        email=principal.email,
        email_verified=principal.email_verified,
        groups=principal.groups,
        teams=principal.teams,
    )


def account_of(principal: Principal) -> str:
    """How a page names the account."""
    return principal.email or principal.username or principal.name or principal.subject


def author_of(provider: str) -> str:
    """How events and tombstones name a provider as the one who did it."""
    return f"provider:{provider}"
