"""What is new about an access: a device or a country that its user did not come from before, and why so.

The first of each kind is not new, since there is nothing to compare it with. Decided once, by one script in
the user's slot, when the access is first seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from session_store import keys, lua
from session_store.activities import access_key
from session_store.commands import Reply
from session_store.ids import SessionId, bare
from session_store.records import Context, Flag, Milliseconds, UserTag

NEW_DEVICE = "new_device"
NEW_COUNTRY = "new_country"

_KEPT_OF_A_KIND = 50
_NAMED = 3
_DAY_MS = 86_400_000


def device_of(context: Context) -> str:
    """What an administrator calls the device: browser and system without versions, and its type."""
    agent = context.user_agent
    return f"{agent.browser_name} on {agent.os_name} ({agent.device_type})"


def know(
    user_tag: UserTag, session_id: SessionId, context: Context, *, now: Milliseconds, kept_ms: Milliseconds
) -> lua.Command:
    """The command that notes an access of a user and answers what is new about it."""
    seen = [f"d:{device_of(context)[:200]}"]
    if (country := country_of(context)) is not None:
        seen.append(f"c:{country}")
    return lua.KNOW.call(
        [keys.user(user_tag), keys.known(user_tag)],
        f"{bare(session_id).decode()}{access_key(context)}",
        now,
        now - kept_ms,
        kept_ms,
        _KEPT_OF_A_KIND,
        *seen,
    )


def flags_of(reply: Reply, context: Context, *, kept_ms: Milliseconds) -> tuple[Flag, ...]:
    """The flags that the reply to ``know`` means."""
    told = [entry.decode(errors="replace").split("\n") for entry in cast("list[bytes]", reply or [])]
    kinds = ((NEW_DEVICE, device_of(context), "devices"), (NEW_COUNTRY, country_of(context), "countries"))
    return tuple(
        Flag(name=name, reason=_reason(str(seen), others, kind, kept_ms))
        for (name, seen, kind), others in zip(kinds, told, strict=False)
        if others != [""]
    )


def country_of(context: Context) -> str | None:
    """The country of an access, where it is known."""
    return context.location.country_code if context.location is not None else None


@dataclass(frozen=True, slots=True)
class Familiar:
    """A device or a country that a user has come from, and when last."""

    kind: Literal["device", "country"]
    name: str
    last_seen: Milliseconds


def familiar_of(reply: Reply, oldest: Milliseconds) -> list[Familiar]:
    """What the fields of the note mean, the latest first, without what was last seen before ``oldest``."""
    fields = cast("list[bytes]", reply or [])
    found = [
        Familiar(
            kind="device" if name.startswith(b"d:") else "country",
            name=name[2:].decode(errors="replace"),
            last_seen=int(value.partition(b" ")[0]),
        )
        for name, value in zip(fields[::2], fields[1::2], strict=True)
    ]
    known = [each for each in found if each.last_seen >= oldest]
    return sorted(known, key=lambda each: each.last_seen, reverse=True)


def _reason(seen: str, others: Sequence[str], kind: str, kept_ms: Milliseconds) -> str:
    named = ", ".join(others[:_NAMED]) + (", …" if len(others) > _NAMED else "")
    days = kept_ms // _DAY_MS
    time = f"{days} days" if days > 1 else "day"
    return f"{seen} is not among this user's {kind} of the last {time}: {named}"
