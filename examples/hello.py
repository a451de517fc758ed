"""An app to protect: it greets the visitor whom the edge names, and shows what it was told of them.

Run it by ``python3 hello.py [HOST [PORT]]``; the default is 127.0.0.1:8000. It knows no login and no cookie:
who reaches it without the edge is a stranger.
"""

import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLD = ("X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Forwarded-Groups")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Hello</title>
<h1>Hello, {visitor}</h1>
<dl>{rows}</dl>
"""


class Hello(BaseHTTPRequestHandler):
    """Answers every GET with the same page."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Greet the visitor; header bytes are UTF-8, which http.server reads as Latin-1."""
        told = {name: self.headers.get(name, "").encode("latin-1").decode(errors="replace") for name in TOLD}
        visitor = told["X-Forwarded-Preferred-Username"] or told["X-Forwarded-Email"] or "stranger"
        rows = "".join(f"<dt>{name}<dd>{escape(value)}" for name, value in told.items() if value)
        body = PAGE.format(visitor=escape(visitor), rows=rows).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(arguments: list[str]) -> None:
    """Serve until interrupted."""
    host, port = [*arguments, *("127.0.0.1", "8000")[len(arguments) :]][:2]
    with ThreadingHTTPServer((host, int(port)), Hello) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
