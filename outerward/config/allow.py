"""What the names of providers and the entries of allow lists must satisfy, wherever they stand."""

from idp_adapters import OAuthSettings, parse_rule
from outerward.config.schema import Settings
from outerward.typed_toml import Key, Problems, quoted


def check_providers(settings: Settings, problems: Problems, key: Key, names: tuple[str, ...]) -> None:
    """Check that there are providers called ``names``, each named once."""
    known = settings.provider
    if not problems.sound(key) or not problems.sound(("provider",)):
        return
    if not all(problems.sound((*key, i)) for i in range(len(names))):
        return
    for name in dict.fromkeys(names):
        if name not in known:
            problems.add(key, f"there is no provider {quoted(name)}", word=name, near=known)
        if names.count(name) > 1:
            problems.add(key, f"names {quoted(name)} more than once")


def check_allow(
    settings: Settings, problems: Problems, key: Key, entries: tuple[str, ...], providers: tuple[str, ...]
) -> None:
    """Check ``entries``, which judge people of ``providers``."""
    if not entries and problems.sound(key):
        problems.add(key, 'must not be empty; ["*"] allows everyone who can sign in')
    for i, entry in enumerate(entries):
        problems.parsed((*key, i), parse_rule, entry)
        if entry.startswith("github-team:") and not any(_has_teams(settings, name) for name in providers):
            problems.add((*key, i), f"{quoted(entry)} needs a provider of type oauth for github")
        if (
            entry.startswith("group:")
            and len(providers) > 1
            and any(_has_free_groups(settings, name) for name in providers)
        ):
            problems.warn(
                (*key, i),
                "anybody can have a group of that name at GitHub or GitLab.com; give those providers an"
                " endpoint of their own, or name a github-team",
            )


def _has_teams(settings: Settings, name: str) -> bool:
    provider = settings.provider.get(name)
    return isinstance(provider, OAuthSettings) and provider.provider == "github"


def _has_free_groups(settings: Settings, name: str) -> bool:
    """Whether everybody can make groups at this provider under any name that is still free."""
    provider = settings.provider.get(name)
    if not isinstance(provider, OAuthSettings):
        return False
    return provider.provider in ("github", "gitlab") and not provider.base_url
