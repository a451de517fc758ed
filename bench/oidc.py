"""OpenID logins of one worker, from the code to the session:  python -m bench.oidc

Prints the processor time that the worker spends on each: the token request, the ID token's signature and
claims, userinfo, rules, the session in the store, the redirect; with the provider on http and on https. The
provider runs in this process and is not counted.
"""

import argparse
import asyncio
import os
import re
import ssl
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bench import processes, session
from bench.load import LoadFailed
from tests.support.certificates import Authority
from tests.support.hostile_oidc import HostileProvider
from tests.support.program import write_configuration
from tests.support.proof import SECRET
from tests.support.saml_flood import Line
from tests.support.watched_edge import watched_edge

# It prints: that is its work.
# ruff: noqa: T201

GOAL_MS = 3.0
HOST = "login.localhost"
_ORIGIN = f"http://{HOST}"
_LINES = 8
_WARM = 50
_PROVIDER = """
[provider.measured]
type = "oidc"
issuer = "{issuer}"
client_id = "{client_id}"
client_secret = "{secret}"
allow_private_network = true
[[tunnel]]
name = "measured"
hostname = "{host}"
public_url = "{origin}"
upstream = "http://127.0.0.1:9"
provider = "measured"
allow = ["@example.com"]
"""
_LOCATION = re.compile(rb"location: ([^\r]+)", re.IGNORECASE)
_COOKIE = re.compile(rb"set-cookie: (outerward-login-[^;]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Measured:
    """So many logins: processor time of the worker for each, and how long they took together."""

    logins: int
    cpu_ms: float
    per_second: float


async def measure(folder: Path, count: int, tls: ssl.SSLContext | None = None) -> Measured:
    """Complete ``count`` logins, after some that warm up; ``tls`` is the provider's."""
    async with HostileProvider.running(tls) as provider:
        more = _PROVIDER.format(
            issuer=provider.issuer,
            client_id=provider.client_id,
            secret=provider.client_secret,
            host=HOST,
            origin=_ORIGIN,
        )
        store = f'url = "{session.store_url(folder.parent)}"\nsecret = ["{SECRET}"]'
        configuration = write_configuration(folder, store=store, more=more)
        others = set(processes.family(os.getpid()))
        with watched_edge(configuration) as edge:
            worker = list(set(processes.family(os.getpid())) - others)
            callbacks = await _begin(provider, edge.port, count + _WARM)
            await _complete(edge.port, callbacks[count:])
            used, began = processes.cpu_s(worker), time.perf_counter()
            await _complete(edge.port, callbacks[:count])
            seconds = time.perf_counter() - began
            used = processes.cpu_s(worker) - used
    return Measured(count, used / count * 1000, count / seconds)


async def _begin(provider: HostileProvider, port: int, count: int) -> list[bytes]:
    """So many logins under way: the request that brings each one's code, with its cookie."""
    line, callbacks = Line(port), []
    head = f"GET /.outerward/login HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n\r\n".encode()
    for _ in range(count):
        status, answer = await line.ask(head)
        location, cookie = _LOCATION.search(answer), _COOKIE.search(answer)
        if status != 302 or location is None or cookie is None:
            raise LoadFailed(f"a login was answered {status}")
        answered = urlencode(provider.authorize(location[1].decode()))
        target = f"/.outerward/callback/measured?{answered}"
        lines = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n".encode()
        callbacks.append(lines + b"Cookie: " + cookie[1] + b"\r\n\r\n")
    line.close()
    return callbacks


async def _complete(port: int, callbacks: Sequence[bytes]) -> None:
    """Bring every code, over several connections."""

    async def bring(share: Sequence[bytes]) -> None:
        line = Line(port)
        for callback in share:
            status, answer = await line.ask(callback)
            if status != 302 or b"set-cookie: outerward=" not in answer.lower():
                raise LoadFailed(f"a code was answered {status}")
        line.close()

    await asyncio.gather(*(bring(callbacks[number::_LINES]) for number in range(_LINES)))


def told(scheme: str, measured: Measured) -> str:
    """The figures, beside the goal."""
    return (
        f"OpenID logins, code to session, provider on {scheme}: {measured.cpu_ms:.2f} ms of a worker's"
        f" processor time each (goal: {GOAL_MS:.0f} ms), {measured.per_second:.0f}/s beside their provider;"
        f" {measured.logins} logins"
    )


async def main(count: int) -> None:
    """Measure it."""
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as name:
        folder = Path(name)
        store = session.start_store(folder)
        try:
            print(told("http", await measure(folder / "edge", count)))
            authority = Authority()
            trusted = folder / "authority.pem"
            trusted.write_text(authority.pem)
            os.environ["SSL_CERT_FILE"] = str(trusted)
            print(
                told(
                    "https", await measure(folder / "edge-tls", count, authority.server(folder, "127.0.0.1"))
                )
            )
        finally:
            store.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.oidc", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--logins", type=int, default=500, help="how many, 500 unless told")
    asyncio.run(main(parser.parse_args().logins))
