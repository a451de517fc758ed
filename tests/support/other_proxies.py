"""nginx and HAProxy as the edge's neighbours: each passes everything on, and changes as little as it can.

A process of its own on a free loopback port, gone when the block ends; nothing of it is left on the disk.
"""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.support.program import lasting_port, until

Neighbour = Literal["nginx", "haproxy"]

_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ignore_invalid_headers off;
  underscores_in_headers on;
  keepalive_requests 1000000;
  upstream next {{ server 127.0.0.1:{upstream}; keepalive 8; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://next;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_next_upstream off;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
    }}
  }}
}}
"""
_HAPROXY = """
global
  maxconn 512
defaults
  mode http
  timeout connect 15s
  timeout client 60s
  timeout server 60s
  retries 0
frontend here
  bind 127.0.0.1:{port}
  default_backend next
backend next
  server one 127.0.0.1:{upstream}
"""


def _nginx(folder: Path, port: int, upstream: int) -> list[str]:
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, upstream=upstream))
    return ["nginx", "-e", str(folder / "errors"), "-p", str(folder), "-c", str(configuration)]


def _haproxy(folder: Path, port: int, upstream: int) -> list[str]:
    configuration = folder / "haproxy.cfg"
    configuration.write_text(_HAPROXY.format(port=port, upstream=upstream))
    return ["haproxy", "-q", "-db", "-f", str(configuration)]


_COMMANDS: dict[Neighbour, Callable[[Path, int, int], list[str]]] = {"nginx": _nginx, "haproxy": _haproxy}


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@contextmanager
def neighbour(kind: Neighbour, folder: Path, upstream: int) -> Iterator[int]:
    """One in front of the port ``upstream``; the port that it listens on."""
    port = lasting_port()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(_COMMANDS[kind](folder, port, upstream), stdout=output, stderr=output)
    try:
        until(lambda: _accepts(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "output").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()
