"""The Lua scripts of scripts/, each a step within one slot, as commands to be run.

Nothing else writes a session, a tombstone, or a user's record and generation.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

Argument = bytes | str | int
Command = tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its text and the SHA-1 that the store knows it by once it has seen it."""

    text: str
    sha: str

    def call(self, keys: Sequence[bytes], *arguments: Argument) -> Command:
        """The command that runs this script."""
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)


_BY_SHA: dict[Argument, Script] = {}


def _load(name: str) -> Script:
    text = files("session_store").joinpath("scripts", f"{name}.lua").read_text("utf-8")
    script = Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
    _BY_SHA[script.sha] = script
    return script


def in_full(command: Command) -> Command:
    """The same ``EVALSHA`` with the script's text, for a store that has not seen it since its start."""
    return ("EVAL", _BY_SHA[command[1]].text, *command[2:])


PUT_USER = _load("put_user")
INDEX_APPLICATION = _load("index_application")
INDEX_NAME = _load("index_name")
END_NAME = _load("end_name")
START_BROWSER = _load("start_browser")
START_APPLICATION = _load("start_application")
ORDER_APPLICATION = _load("order_application")
BEGIN_REFRESH = _load("begin_refresh")
HOLD_REFRESH = _load("hold_refresh")
FINISH_REFRESH = _load("finish_refresh")
RENEW_APPLICATION = _load("renew_application")
RENEW_USER = _load("renew_user")
FLAG_ACCESS = _load("flag_access")
KNOW = _load("know")
LIFT_BLOCK = _load("lift_block")
TOUCH_APPLICATION = _load("touch_application")
TOUCH_USER = _load("touch_user")
END_BROWSER = _load("end_browser")
END_APPLICATION = _load("end_application")
USER_SESSIONS = _load("user_sessions")
FINISH_REVOCATION = _load("finish_revocation")
COUNT = _load("count")
USE_ONCE = _load("use_once")
HOLD_WEBHOOK = _load("hold_webhook")
