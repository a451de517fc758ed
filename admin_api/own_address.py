"""What comes from pages of our own address and what does not, by the headers that browsers set.

Pure. Refuses to know who asks. ``Origin``: RFC 6454 §7; ``Sec-Fetch-Site``: W3C Fetch Metadata §2.4.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

_PORTS = {"http": "80", "https": "443"}


class OwnAddress:
    """The address of ``public_url``, which is an origin in its canonical form."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self.secure = parts.scheme == "https"
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._authorities = {parts.netloc}
        if parts.port is None and parts.scheme in _PORTS:
            self._authorities.add(f"{parts.netloc}:{_PORTS[parts.scheme]}")

    def is_host(self, hosts: Sequence[str]) -> bool:
        """Whether the one ``Host`` line names it: a name that was pointed here does not (DNS rebinding)."""
        return len(hosts) == 1 and hosts[0].lower() in self._authorities

    def foreign_line(self, origins: Sequence[str], sites: Sequence[str]) -> str:
        """Which lines name another place, ``origin`` or ``sec-fetch-site``; "" where none does.

        ``origins`` and ``sites``: those of ``Origin`` and of ``Sec-Fetch-Site``.
        """
        if any(origin != self._origin for origin in origins):
            return "origin"
        return "sec-fetch-site" if any(site != "same-origin" for site in sites) else ""
