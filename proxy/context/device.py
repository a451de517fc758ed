"""Browser, system and device from a User-Agent: ua-parser's families, user-agents' rules for the device.

The one file that knows either library. Known mislabels are corrected here: an iPad is a tablet in any
browser, and a television or a program is called what it is. Pure but for its memory of strings seen before.
"""

import re
from functools import cache, lru_cache
from typing import Any

from ua_parser import Parser
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver
from user_agents.parsers import (
    MOBILE_DEVICE_FAMILIES,
    TABLET_DEVICE_FAMILIES,
    Browser,
    Device,
    OperatingSystem,
)
from user_agents.parsers import UserAgent as Judged

from session_store import UserAgent

LONGEST = 1024
_REMEMBERED = 4096

_PROGRAM = re.compile(
    r"(?:curl|wget|httpie|xh|python-|python/|aiohttp|go-http-client|okhttp|dalvik|java/|apache-httpclient|libwww-perl"
    r"|ruby|faraday|axios|node-fetch|undici|node\b|got \(|postmanruntime|insomnia|guzzlehttp|php/|powershell"
    r"|dart/|reqwest|git/|restsharp|winhttp|httpx|k6/|hey/|siege/|apachebench|wrk)",
    re.IGNORECASE,
)
_TELEVISION = re.compile(
    r"(?i:smart-?tv|\btv\b|googletv|appletv|hbbtv|netcast|web0s|webos|\broku\b|\bcrkey\b|\bchromecast\b|\bbravia\b"
    r"|\bviera\b|\bdtv\b)|\bAFT[A-Z0-9]{1,6}\b"
)
_TABLET = re.compile(r"; ?Tablet[;)]")
_DEVICES = frozenset({*MOBILE_DEVICE_FAMILIES, *TABLET_DEVICE_FAMILIES, "Spider"})
_NAMED_BY_MATCH = re.compile(r"iP(?:ad|od|hone)|Vita")
_DESKTOP = re.compile(r"\((?:X11|Wayland);")


def warm_up() -> None:
    """Load ua-parser's tables, which takes a tenth of a second; the first ``describe`` does it otherwise."""
    _parser()


@lru_cache(maxsize=_REMEMBERED)
def describe(raw: str) -> UserAgent:
    """What ``raw`` says of itself, cut to its first 1,024 characters; unknown parts are "Other" and "".

    Total: any text has a description.
    """
    raw = raw[:LONGEST].encode("utf-8", errors="replace").decode("utf-8")
    agent = _judged(raw)
    return UserAgent(
        raw=raw,
        browser_name=agent.browser.family,
        browser_version=agent.browser.version_string,
        device_type=_kind(agent),
        os_name=agent.os.family,
        os_version=agent.os.version_string,
    )


@cache
def _parser() -> Parser:
    browsers, systems, devices = load_lazy_builtins()
    return Parser(Resolver((browsers, systems, [each for each in devices if _is_asked_for(each)])))


def _is_asked_for(device: Any) -> bool:
    """Whether user-agents' rules may ask for what this expression finds.

    The other six hundred tell makers' models apart, which nobody reads, and would take 14 MB of each process.
    """
    named_by_match = "$1" in (device.family or "$1") and _NAMED_BY_MATCH.search(device.regex) is not None
    return device.family in _DEVICES or named_by_match


def _judged(raw: str) -> Any:
    """``raw`` as user-agents judges it, from ua-parser's compiled tables.

    Its own constructor would run Python's backtracking expressions, eighty times slower.
    """
    found = _parser().parse(raw).with_defaults()
    browser, system, device = found.user_agent, found.os, found.device
    judged = Judged.__new__(Judged)
    judged.ua_string = raw
    judged.browser = Browser(browser.family, (), _version(browser.major, browser.minor, browser.patch))
    judged.os = OperatingSystem(system.family, (), _version(system.major, system.minor, system.patch))
    judged.device = Device(device.family, device.brand, device.model)
    return judged


def _version(*parts: str | None) -> str:
    return ".".join(part for part in parts if part)


def _kind(agent: Any) -> str:
    """The API's ``device_type``; the first that fits."""
    raw: str = agent.ua_string
    if _PROGRAM.match(raw):
        return "Script"
    if agent.is_bot:
        return "Bot"
    if _TELEVISION.search(raw):
        return "TV"
    if _TABLET.search(raw) or (agent.is_tablet and not _is_android_phone(agent)):
        return "Tablet"
    if agent.is_mobile or _is_android_phone(agent):
        return "Mobile"
    return "Desktop" if agent.is_pc or _DESKTOP.search(raw) else "Other"


def _is_android_phone(agent: Any) -> bool:
    """user-agents takes whatever has Android without the words "Mobile Safari" for a tablet."""
    if agent.os.family != "Android" or agent.device.family in TABLET_DEVICE_FAMILIES:
        return False
    return "Mobile" in agent.ua_string or agent.browser.family == "Opera Mini"
