"""The proxies that are compared, and the upstream behind all of them: each a program with a port on loopback.

nginx runs from configurations of its own in a folder of the run, with one worker, without a log and without
limits on what a connection may serve. Knows nothing of loads.
"""

import http.client
import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.load import HOST
from bench.programs import Program, wait_until
from bench.session import STORE_SECRET, store_url

PLAIN = "nginx, no check"
AUTH_REQUEST = "nginx + auth_request"
LUA = "nginx + Lua + Redis"
OURS = "outerward"
OURS_TWO_WORKERS = "outerward, 2 workers"
_MODULES = Path("/usr/lib/nginx/modules")
_FRAME = """\
daemon off;
{main}
worker_processes 1;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  keepalive_requests 1000000000;
  {http}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    {server}
  }}
}}
"""
_APPLICATION = (
    'location / {{ default_type text/plain; return 200 "{body}"; }} location = /auth {{ return 204; }}'
)
_UPSTREAM = "upstream app {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}"
_FORWARD = """
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Request-Id $request_id;
    proxy_pass http://app;
"""
_STREAMED = "client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;"
# The lines of the outer location are not inherited by one that sets a header: Connection stands here again.
_AUTH = """
    location = /auth {
      internal;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_pass_request_body off;
      proxy_pass http://app;
    }
"""
_LUA = """
  lua_package_path "{code}/?.lua;;";
  init_by_lua_block {{ require("session_check").store = "{store}" }}
"""
_OUTERWARD = """\
state = "{folder}/state"
[edge]
listen = "127.0.0.1:0"
workers = {workers}
[admin]
listen = "127.0.0.1:0"
[store]
url = "{store}"
secret = ["{secret}"]
[log]
level = "warning"
access = "none"
[provider.nobody]
type = "oidc"
issuer = "http://127.0.0.1:9"
client_id = "client"
client_secret = "not used by a bench"
allow_private_network = true
[[tunnel]]
name = "app"
hostname = "{host}"
upstream = "http://127.0.0.1:{upstream}"
provider = "nobody"
allow = ["*"]
"""


@dataclass(frozen=True)
class Peer:
    """A proxy that runs; ``pids`` are all of its processes with their names."""

    name: str
    port: int
    program: Program
    pids: dict[int, str]

    def worker(self) -> int:
        """The process that serves, where there is one of ours."""
        return next(pid for pid, name in self.pids.items() if name == "ow-worker")


def start_upstream(folder: Path) -> Peer:
    """The application: 1 KB for every path, 204 for the check of ``auth_request``."""
    return _start_nginx("upstream", folder, directives="", server=_APPLICATION.format(body="x" * 1024))


def start_plain(folder: Path, upstream: int) -> Peer:
    """A reverse proxy that checks nothing."""
    server = f"location / {{ {_FORWARD} {_STREAMED} }}"
    return _start_nginx(PLAIN, folder, _UPSTREAM.format(upstream=upstream), server)


def start_auth_request(folder: Path, upstream: int) -> Peer:
    """A reverse proxy that asks an endpoint which does nothing before each request, over kept connections."""
    server = f"location / {{ auth_request /auth; {_FORWARD} }} {_AUTH}"
    return _start_nginx(AUTH_REQUEST, folder, _UPSTREAM.format(upstream=upstream), server)


def start_lua(folder: Path, upstream: int, store: Path) -> Peer:
    """A reverse proxy that checks a session in Redis by bench/session_check.lua."""
    modules = "".join(f"load_module {_MODULES}/{name}_module.so;\n" for name in ("ndk_http", "ngx_http_lua"))
    directives = _UPSTREAM.format(upstream=upstream) + _LUA.format(
        code=Path(__file__).parent, store=f"unix:{store}/store.sock"
    )
    check = 'access_by_lua_block { require("session_check").run() }'
    return _start_nginx(LUA, folder, directives, f"location / {{ {check} {_FORWARD} }}", main=modules)


def start_outerward(folder: Path, upstream: int, store: Path, workers: int) -> Peer:
    """Ours, as ``outerward serve`` runs it."""
    name = OURS if workers == 1 else OURS_TWO_WORKERS
    folder = _own_folder(folder, f"outerward-{workers}")
    ready = folder / "ready"
    configuration = folder / "outerward.toml"
    configuration.write_text(
        _OUTERWARD.format(
            folder=folder,
            workers=workers,
            store=store_url(store),
            secret=STORE_SECRET,
            host=HOST,
            upstream=upstream,
        )
    )
    command = [sys.executable, "-m", "outerward", "serve"]
    command += ["-c", str(configuration), "--ready-file", str(ready)]
    program = Program("outerward", command, folder)
    return _started(name, program, ready.exists, lambda: int(_edge_of(ready).rpartition(":")[2].strip("/")))


def _edge_of(ready: Path) -> str:
    return str(json.loads(ready.read_text())["edge"])


def _start_nginx(name: str, folder: Path, directives: str, server: str, main: str = "") -> Peer:
    folder = _own_folder(folder, name.replace(" ", "").replace(",", "-").replace("+", "-"))
    port = _free_port()
    if os.geteuid() == 0:
        main += "user root;"
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _FRAME.format(main=main, folder=folder, port=port, http=directives, server=server)
    )
    command = ["nginx", "-c", str(configuration), "-p", str(folder), "-e", "stderr"]
    return _started(name, Program("nginx", command, folder), lambda: _answers(port), lambda: port)


def _started(name: str, program: Program, ready: Callable[[], bool], port: Callable[[], int]) -> Peer:
    try:
        wait_until(ready, program)
        return Peer(name, port(), program, processes.family(program.pid))
    except BaseException:
        program.stop()
        raise


def _own_folder(folder: Path, name: str) -> Path:
    own = folder / name
    own.mkdir()
    return own


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    """Whether a worker answers; a connection alone might still wait for one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
