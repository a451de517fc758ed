"""Whether a server may hold sessions, judged by what it says of itself (INFO). Opens nothing."""

from session_store.errors import StoreRefused, StoreUnavailable

_OLDEST = {"Redis": (6, 2), "Valkey": (7, 2)}


def verify(info: bytes) -> None:
    """Judge the text that INFO answered.

    Raises StoreRefused when the server is too old (6.2 brought GETDEL) or may evict keys (an evicted
    tombstone is a session come back); StoreUnavailable while it loads or is a replica.
    """
    fields = fields_of(info)
    name, version = _version(fields)
    oldest = _OLDEST[name]
    if version < oldest:
        raise StoreRefused(
            f"the store is {name} {_dotted(version)}; {name} {_dotted(oldest)} or newer is needed"
        )
    policy = fields.get("maxmemory_policy")
    if policy is None:
        raise StoreRefused("the store does not tell its maxmemory-policy (INFO memory)")
    if policy != "noeviction":
        raise StoreRefused(f"the store's maxmemory-policy is {policy[:40]}; it must be noeviction")
    if fields.get("loading", "0") != "0":
        raise StoreUnavailable("the store is loading its data")
    if fields.get("role", "master") != "master":
        raise StoreUnavailable("the store is a replica; sessions are read from the primary only")


def has_replica(info: bytes) -> bool:
    """Whether a replica is connected, by what ``INFO replication`` answered."""
    return fields_of(info).get("connected_slaves", "0") != "0"


def fields_of(info: bytes) -> dict[str, str]:
    """What a text that INFO answered says, by name."""
    lines = info.decode("utf-8", "replace").splitlines()
    return {name: value for name, colon, value in (line.partition(":") for line in lines) if colon}


def _version(fields: dict[str, str]) -> tuple[str, tuple[int, ...]]:
    name, field = ("Valkey", "valkey_version") if "valkey_version" in fields else ("Redis", "redis_version")
    text = fields.get(field, "")
    numbers = text.split(".")[:2]
    if len(numbers) < 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise StoreRefused("the store does not tell its version (INFO server)")
    return name, tuple(int(number) for number in numbers)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
