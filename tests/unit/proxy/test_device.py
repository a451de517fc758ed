"""What a User-Agent says of itself: browser, system, kind of device; whatever it is, it has a description."""
# ruff: noqa: E501 - a line of the table is a case

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ua_parser import Parser
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from proxy.context.device import LONGEST, describe
from session_store import UserAgent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = f"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) {APPLE}"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE}"
NEXUS = f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"

TABLE = [
    (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        "Desktop",
        "Chrome 131.0.0",
        "Windows 10",
    ),
    (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.70",
        "Desktop",
        "Edge 131.0.2903",
        "Windows 10",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Desktop",
        "Firefox 133.0",
        "Linux ",
    ),
    (
        "Mozilla/5.0 (Wayland; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Desktop",
        "Firefox 133.0",
        "Linux ",
    ),
    (
        "Mozilla/5.0 (X11; FreeBSD amd64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Desktop",
        "Firefox 133.0",
        "FreeBSD ",
    ),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.1 Safari/605.1.15",
        "Desktop",
        "Safari 18.1",
        "Mac OS X 10.15.7",
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        "Desktop",
        "Chrome 131.0.0",
        "Chrome OS 14541.0.0",
    ),
    (
        "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; Tablet PC 2.0)",
        "Desktop",
        "IE 9.0",
        "Windows 7",
    ),
    (f"{IPAD} Version/17.5 Mobile/15E148 Safari/604.1", "Tablet", "Mobile Safari 17.5", "iOS 17.5"),
    (
        f"{IPAD} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
        "Tablet",
        "Chrome Mobile iOS 131.0.6778",
        "iOS 17.5",
    ),
    (f"{IPAD} FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "Tablet", "Firefox iOS 133.0", "iOS 17.5"),
    (
        f"Mozilla/5.0 (Linux; Android 14; SM-X710) {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        "Tablet",
        "Chrome 131.0.0",
        "Android 14",
    ),
    (
        "Mozilla/5.0 (Android 14; Tablet; rv:133.0) Gecko/133.0 Firefox/133.0",
        "Tablet",
        "Firefox Mobile 133.0",
        "Android 14",
    ),
    (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Mobile", "Mobile Safari 18.1", "iOS 18.1"),
    (
        f"{IPHONE} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
        "Mobile",
        "Chrome Mobile iOS 131.0.6778",
        "iOS 18.1",
    ),
    (
        f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36",
        "Mobile",
        "Chrome Mobile 131.0.0",
        "Android 15",
    ),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
        "Mobile",
        "Firefox Mobile 133.0",
        "Android 14",
    ),
    (
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; en) Presto/2.12.423 Version/12.16",
        "Mobile",
        "Opera Mini 36.2.2254",
        "Android ",
    ),
    ("curl/8.5.0", "Script", "curl 8.5.0", "Other "),
    ("Wget/1.21.3", "Script", "Wget 1.21.3", "Other "),
    ("python-requests/2.32.3", "Script", "Python Requests 2.32", "Other "),
    ("Go-http-client/1.1", "Script", "Go-http-client 1.1", "Other "),
    ("Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A)", "Script", "Android 13", "Android 13"),
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Bot",
        "Googlebot 2.1",
        "Other ",
    ),
    (
        f"{NEXUS} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Bot",
        "Googlebot 2.1",
        "Android 6.0.1",
    ),
    (
        f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEBKIT} SamsungBrowser/2.2 Chrome/63.0 TV Safari/537.36",
        "TV",
        "Samsung Internet 2.2",
        "Tizen 6.0",
    ),
    (
        f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
        "TV",
        "Chrome 94.0.4606",
        "Web0S ",
    ),
    (
        f"Mozilla/5.0 (Linux; Android 9; AFTMM) {WEBKIT} Chrome/98.0.4758.101 Safari/537.36",
        "TV",
        "Chrome 98.0.4758",
        "Android 9",
    ),
    (
        f"Mozilla/5.0 (Linux; Android 11; AFTKRT) {WEBKIT} Silk/115.2.1 like Chrome/115 Safari/537.36",
        "TV",
        "Amazon Silk 115.2.1",
        "Android 11",
    ),
    (
        "Mozilla/5.0 (PlayStation Vita 3.61) AppleWebKit/537.73 (KHTML, like Gecko) Silk/3.2",
        "Mobile",
        "NetFront NX ",
        "Other ",
    ),
    ("SonyEricssonK700i/R2AC SEMC-Browser/4.0.2", "Mobile", "SEMC-Browser 4.0", "Other "),
    ("after the raft drifted aft", "Other", "Other ", "Other "),
    ("", "Other", "Other ", "Other "),
]


@pytest.mark.parametrize(("raw", "kind", "browser", "system"), TABLE)
def test_a_user_agent_is_told_by_kind_browser_and_system(
    raw: str, kind: str, browser: str, system: str
) -> None:
    found = describe(raw)
    assert found.raw == raw
    assert found.device_type == kind
    assert f"{found.browser_name} {found.browser_version}" == browser
    assert f"{found.os_name} {found.os_version}" == system


def test_the_models_that_are_left_out_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {raw: kind for raw, kind, _, _ in TABLE if not raw.startswith("SonyEricsson")}
    whole = Parser(Resolver(load_lazy_builtins()))
    monkeypatch.setattr("proxy.context.device._parser", lambda: whole)
    assert {raw: describe.__wrapped__(raw).device_type for raw in known} == known


def test_what_is_not_known_is_other_and_has_no_version() -> None:
    assert describe("") == UserAgent()


def test_a_version_keeps_its_text() -> None:
    assert describe("Mozilla/5.0 (X11; Ubuntu/22.04) Gecko/20100101 Firefox/133.0").os_version == "22.04"


def test_a_megabyte_is_cut() -> None:
    found = describe("curl/8.5.0 " + "(" * (1 << 20))
    assert len(found.raw) == LONGEST
    assert (found.browser_name, found.device_type) == ("curl", "Script")


@given(
    st.text(st.characters())
    | st.lists(
        st.sampled_from(["Android", "Mobile", "Version/", "²", "1.2.3", ";", "(", "iPad", " ", "TV"])
    ).map("".join)
)
def test_any_text_has_a_description(raw: str) -> None:
    found = describe(raw)
    assert found.device_type in {"Desktop", "Mobile", "Tablet", "TV", "Bot", "Script", "Other"}
    assert found.browser_name
    assert found.os_name
    found.raw.encode()
