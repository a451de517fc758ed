"""One house for the tests of a module, each of which has people of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.integration.engine.house import (
    HOSTS,
    IDLE_S,
    MORE,
    House,
    People,
    Visitor,
    application,
    visiting,
)
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import CANARY, Program, lasting_port, write_configuration
from tests.support.proof import TOKEN

PEOPLE = (
    "ada",
    "bob",
    "cyd",
    "dan",
    "eve",
    "fay",
    "gil",
    "hal",
    "ida",
    "jan",
    "kim",
    "leo",
    "mia",
    "ned",
    "oda",
    "pia",
)
USERS = {
    name: {"email": f"{name}@example.com", "email_verified": True, "name": name.title()} for name in PEOPLE
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The program with two workers, its application and its provider."""
    port = lasting_port()
    origins = [f"http://{host}:{port}/.outerward" for host in HOSTS]
    client = RegisteredClient(
        "client",
        CANARY,
        tuple(f"{origin}/callback/nobody" for origin in origins),
        tuple(f"{origin}/signed-out" for origin in origins),
        backchannel_logout_uri=f"{origins[0]}/backchannel-logout/nobody",
        backchannel_logout_session_required=True,
    )
    with application() as app, OidcServer(users=USERS, clients=[client]) as provider:
        configuration = write_configuration(
            tmp_path_factory.mktemp("house"),
            upstream=app.port,
            workers=2,
            issuer=provider.issuer,
            admin=f'bootstrap_token = "{TOKEN}"',
            more=MORE.format(port=app.port, idle=IDLE_S),
        )
        program = Program.serve(configuration, "--listen", f"127.0.0.1:{port}")
        try:
            yield House(program.ready(), app, port, provider)
        finally:
            program.stop()


@pytest.fixture
async def people(house: House) -> AsyncIterator[People]:
    """Gives browsers: ``await people("ada")``."""
    async with AsyncExitStack() as stack:

        async def give(name: str) -> Visitor:
            return await stack.enter_async_context(visiting(house, name))

        yield give
