"""What users and addresses are entered under in the indexes, so that writers and readers spell it alike.

A word is case-folded and stripped; an address is hex digits, in which a network is a prefix. Knows no Redis.
"""

import ipaddress
from collections.abc import Iterator

from session_store.records import ApplicationSession, Principal, User

LONGEST_WORD = 100
"""Characters of a word that are entered; what follows them is compared on the record."""

_OF_PROVIDERS = b"\1"
"""What stands before a provider's name among the words, since all its users have that one."""

_MAPPED_FROM = 96


def folded(text: str) -> str:
    """``text`` as words are compared: without case and without the white space around it."""
    return text.casefold().strip()


def word_bytes(folded_text: str) -> bytes:
    """The bytes that ``folded_text`` is entered under, and that what begins so begins with.

    Without a 0, which ends a word in the index.
    """
    return folded_text[:LONGEST_WORD].replace("\0", "").encode(errors="surrogatepass")


def provider_word_bytes(folded_text: str) -> bytes:
    """As ``word_bytes``, of a provider's name: these stand together, apart from the words of people."""
    return _OF_PROVIDERS + word_bytes(folded_text)


def words_of(user: User) -> tuple[bytes, ...]:
    """What ``user`` is entered under in the index of words, each once."""
    provider = folded(user.provider_name)
    own = dict.fromkeys(word_bytes(word) for word in principal_words("", user.principal))
    return (*((provider_word_bytes(provider),) if provider else ()), *own)


def searched_words(user: User) -> Iterator[str]:
    """Each text that a search finds ``user`` by, folded and whole: see ``principal_words``."""
    return principal_words(user.provider_name, user.principal)


def principal_words(provider_name: str, principal: Principal) -> Iterator[str]:
    """Provider, username, e-mail, name, the provider's id, each further word of the name; none is empty."""
    name = folded(principal.name)
    texts = (provider_name, principal.username, principal.email, name, principal.subject)
    yield from filter(None, map(folded, texts))
    yield from name.split()[1:]


def provider_of(session: ApplicationSession) -> str:
    """What people call a session's provider; its configured name on a record of an older version."""
    return session.provider_name or session.principal.provider


def ip_key(text: str) -> bytes | None:
    """The address in ``text`` as it is entered: ``4`` and 8 hex digits, or ``6`` and 32; else None.

    An IPv4 address written as IPv6 (RFC 4291 §2.5.5.2) is the IPv4 address.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return b"6%032x" % int(address)
        address = mapped
    return b"4%08x" % int(address)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_bounds(network: Network) -> tuple[bytes, bytes]:
    """The lowest and the highest ``ip_key`` in ``network``."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if isinstance(network, ipaddress.IPv4Network):
        return b"4%08x" % first, b"4%08x" % last
    mapped = network.network_address.ipv4_mapped
    if mapped is not None and network.prefixlen >= _MAPPED_FROM:
        return b"4%08x" % (first & 0xFFFFFFFF), b"4%08x" % (last & 0xFFFFFFFF)
    return b"6%032x" % first, b"6%032x" % last
