"""What is handed to people to copy: the container files, the example configuration, the app to protect."""

import http.client
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.hello import Hello
from outerward.config import Loaded, load_settings, routes_of

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PACKAGES = {marker.parent.name for marker in ROOT.glob("*/py.typed")}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


@pytest.mark.needs("docker-compose")
def test_docker_compose_accepts_the_file() -> None:
    done = subprocess.run(
        ["docker-compose", "-f", str(COMPOSE), "config", "-q"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_secret_is_a_file_that_git_ignores(compose: dict[str, Any]) -> None:
    ignored = (ROOT / "examples/secrets/.gitignore").read_text().splitlines()

    assert {Path(secret["file"]).parent.as_posix() for secret in compose["secrets"].values()} == {
        "examples/secrets"
    }
    assert ignored == ["*", "!.gitignore", "!README.md"]


def test_no_listener_is_published_beyond_this_machine_and_the_store_reaches_the_edge_alone(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert published == ["127.0.0.1:4180:4180", "127.0.0.1:4040:4040"]
    assert {name for name, service in services.items() if "store" in service["networks"]} == {"edge", "store"}
    assert compose["networks"]["store"]["internal"]
    assert compose["networks"]["apps"]["internal"]


@pytest.fixture
def example(tmp_path: Path, compose: dict[str, Any]) -> Loaded:
    """The configuration of the compose file, with its secrets in a folder of the test."""
    for name in compose["secrets"]:
        (tmp_path / name).write_text("0123456789abcdef" * 4 + "\n")
    mounted = (ROOT / "examples/compose.toml").read_text()
    (tmp_path / "outerward.toml").write_text(mounted.replace("/run/secrets", str(tmp_path)))
    return load_settings(tmp_path / "outerward.toml", {})


def test_the_configuration_of_the_compose_file_is_accepted_without_a_warning(example: Loaded) -> None:
    assert list(example.warnings) == []


def test_docker_waits_longer_than_the_edge_drains(example: Loaded, compose: dict[str, Any]) -> None:
    grace_s = float(compose["services"]["edge"]["stop_grace_period"].removesuffix("s"))

    assert example.settings.edge.drain.total_seconds() + 5 < grace_s


def test_the_configuration_speaks_of_the_compose_file(example: Loaded, compose: dict[str, Any]) -> None:
    services = compose["services"]
    (tunnel,) = example.settings.tunnel
    app_host, app_port = tunnel.upstream.removeprefix("http://").split(":")

    assert app_host in services
    assert services["app"]["command"][-1] == app_port
    assert example.settings.store.url.startswith("redis://store:")
    assert str(example.settings.state) in [volume.split(":")[1] for volume in services["edge"]["volumes"]]
    (route,) = routes_of(example.settings, 4180)
    callback = f"{route.origin}/.outerward/callback/{tunnel.provider[0]}"
    assert callback in (ROOT / "examples/compose.toml").read_text()


def test_the_image_is_built_of_the_packages_and_the_lock_alone() -> None:
    copied = {
        word.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    }
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)

    assert copied == set(let_through)
    assert copied == PACKAGES | {"requirements.lock", "pyproject.toml", "README.md", "LICENSE", "NOTICE"}


def test_the_image_takes_packages_by_hash_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER (?!0|root)\d+$", DOCKERFILE, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .*CMD \["outerward", "healthcheck"\]$', DOCKERFILE, re.MULTILINE)


@pytest.fixture
def hello_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "Hello, stranger"),
        ({"X-Forwarded-Email": "ada@example.com"}, "Hello, ada@example.com"),
        ({"X-Forwarded-Preferred-Username": "Zoë".encode()}, "Hello, Zoë"),
        ({"X-Forwarded-Preferred-Username": "<script>"}, "Hello, &lt;script&gt;"),
    ],
)
def test_the_example_app_greets_whom_the_edge_names(
    hello_port: int, headers: dict[str, str | bytes], expected: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", hello_port, timeout=10)
    connection.request("GET", "/", headers=headers)
    page = connection.getresponse().read().decode()
    connection.close()

    assert expected in page


def test_the_example_app_needs_nothing_but_python() -> None:
    source = str(ROOT / "examples" / "hello.py")
    alone = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({source!r})"],
        capture_output=True,
        check=False,
    )

    assert alone.returncode == 0, alone.stderr
