"""Where a tunnel leads, read from its ``upstream``."""

from typing import Literal

from outerward import addresses
from proxy import UpstreamAddress


def upstream_address(text: str) -> UpstreamAddress:
    """``http://HOST[:PORT]``, ``https://HOST[:PORT]`` or ``unix:/path``. Raises ValueError in words."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        return UpstreamAddress(kind="unix", path=addresses.socket_path(path))
    parts = addresses.split_url(text, ("http", "https"), ", or unix:/path")
    if parts.path not in ("", "/"):
        raise ValueError("must not have a path: requests are passed on with the path they came with")
    kind: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    host = addresses.canonical_hostname(parts.hostname or "").strip("[]")
    return UpstreamAddress(kind=kind, host=host, port=parts.port or addresses.DEFAULT_PORTS[kind])
