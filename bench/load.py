"""One run of wrk: which head, how many connections, how long; and what it counted."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The command line is made here, of numbers and paths of the run.
# ruff: noqa: S603, S607

HOST = "app.localhost"
_SCRIPT = Path(__file__).with_name("head.lua")
_RESULT = re.compile(
    r"^result requests=(\d+) duration_us=(\d+) p50_us=(\d+) p99_us=(\d+) errors=(\d+)$", re.MULTILINE
)
_SMALL = "GET /page?n=@ HTTP/1.1\r\nHost: {host}\r\nCookie: outerward={cookie}\r\n\r\n"
_BROWSER = (
    "GET /page?n=@ HTTP/1.1\r\n"
    "Host: {host}\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"\r\n'
    "sec-ch-ua-mobile: ?0\r\n"
    'sec-ch-ua-platform: "Windows"\r\n'
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Referer: http://{host}/list?n=@\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: theme=dark; outerward={cookie}\r\n"
    "\r\n"
)
HEADS = {"small": _SMALL, "browser": _BROWSER}
"""Heads by name: 2 and 17 header lines. An ``@`` changes with each request of a cold run."""


class LoadFailed(Exception):
    """The load was not served as it should be; no figure of this run counts."""


@dataclass(frozen=True)
class Load:
    """A run of wrk; ``cold``: no two heads are alike."""

    head: str
    cold: bool
    connections: int
    seconds: int

    @property
    def title(self) -> str:
        """What a table calls it."""
        return f"{self.head} head, {'cold' if self.cold else 'warm'}"


@dataclass(frozen=True)
class Counted:
    """What wrk counted in one run."""

    requests: int
    duration_s: float
    p50_us: int
    p99_us: int


def read_counted(output: str) -> Counted:
    """Read what bench/head.lua prints. Raises LoadFailed when a request failed or none was answered."""
    found = _RESULT.search(output)
    if found is None:
        raise LoadFailed(f"wrk did not tell its result: {output.strip()[-500:]}")
    requests, duration_us, p50_us, p99_us, errors = map(int, found.groups())
    if errors or not requests:
        raise LoadFailed(f"{errors} errors, {requests} requests")
    return Counted(requests, duration_us / 1e6, p50_us, p99_us)


def write_heads(folder: Path, cookie: str) -> None:
    """Write the heads of a signed-in visitor to files, where ``run`` finds them."""
    for name, head in HEADS.items():
        (folder / name).write_text(head.format(host=HOST, cookie=cookie), newline="")


def run(load: Load, port: int, heads: Path) -> Counted:
    """Put ``load`` on a port of loopback. Raises LoadFailed."""
    options = ["--threads", "1", "--connections", str(load.connections), "--duration", f"{load.seconds}s"]
    arguments = [str(heads / load.head), "cold" if load.cold else "warm"]
    url = f"http://127.0.0.1:{port}"
    done = subprocess.run(
        ["wrk", *options, "--script", str(_SCRIPT), url, "--", *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LoadFailed(f"wrk ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return read_counted(done.stdout)
