"""A process that has imported what most tests need, and forks for each run of pytest: that saves seconds.

One line of JSON in, ``[arguments, file for the output]``; one line out, the exit code. It imports nothing of
the project itself, so that each run sees the files as they are then.
"""

import importlib
import json
import os
import sys

import pytest

_HEAVY = (
    "aiohttp.web",
    "authlib.oauth2.rfc6749",
    "cryptography.hazmat.primitives.serialization.pkcs12",
    "cryptography.x509",
    "h11",
    "hiredis",
    "httptools",
    "hypothesis.strategies",
    "joserfc.jwt",
    "msgspec",
    "onelogin.saml2.response",
    "pytest_aiohttp.plugin",
    "pytest_asyncio.plugin",
    "pytest_timeout",
    "redis.asyncio",
    "structlog",
    "uvloop",
    "websockets",
    "xmlsec",
)


def main() -> None:
    """Serve until nobody asks any more."""
    for module in _HEAVY:
        importlib.import_module(module)
    for line in sys.stdin:
        arguments, output = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(arguments, output)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(arguments: list[str], output: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    told = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for source, standard in ((nothing, 0), (told, 1), (told, 2)):
        os.dup2(source, standard)
    code = int(pytest.main(arguments))
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
