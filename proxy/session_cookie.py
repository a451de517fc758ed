"""The session cookie of a host: its name, where it counts, and the lines that set and clear it.

Interface, part 7; RFC 6265bis §4.1. Pure; the value is made at a login and never seen here.
"""

from dataclasses import dataclass

DEFAULT_PREFIX = "outerward."
_DASHBOARD_SCOPE = "dashboard:"
"""Begins the scope of a dashboard's cookie: no hostname has a colon but one in brackets, no domain any."""


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """``scope`` is what it is issued for: a hostname, a dot and the ``domain``, or a dashboard.

    ``domain`` is "" where it is for one host.
    """

    name: str
    scope: str
    secure: bool
    domain: str = ""

    @classmethod
    def of(
        cls, hostname: str, *, secure: bool, domain: str = "", prefix: str = DEFAULT_PREFIX
    ) -> "SessionCookie":
        """The cookie of ``hostname``; with a ``domain`` it is shared by all hosts under that."""
        if domain:
            # A host may be called like the domain; what is issued for it alone must not count for all.
            return cls(f"{prefix}session", f".{domain}", secure, domain)
        return cls("__Host-outerward" if secure else "outerward", hostname, secure)

    @classmethod
    def of_dashboard(cls, hostname: str, *, secure: bool) -> "SessionCookie":
        """The cookie of the dashboard at ``hostname``: what it opens no endpoint opens, nor the reverse."""
        name = "__Host-outerward-admin" if secure else "outerward-admin"
        return cls(name, _DASHBOARD_SCOPE + hostname, secure)

    def setting(self, value: str) -> str:
        """The ``Set-Cookie`` value that sets it; the store, not the browser, knows when it ends."""
        return f"{self.name}={value}; Path=/; HttpOnly; SameSite=Lax{self._attributes}"

    @property
    def clearings(self) -> tuple[str, ...]:
        """The ``Set-Cookie`` values that take it away, with the attributes it was set with.

        A shared one may have a namesake without a domain, which a page's script can plant.
        """
        start = f"{self.name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        secure = "; Secure" if self.secure else ""
        whole = start + self._attributes
        return (whole, start + secure) if self.domain else (whole,)

    def reaches(self, hostname: str) -> bool:
        """Whether browsers send it to ``hostname`` (RFC 6265bis §5.1.3): compared by whole labels."""
        return bool(self.domain) and f".{hostname}".endswith(f".{self.domain}")

    @property
    def _attributes(self) -> str:
        return (f"; Domain={self.domain}" if self.domain else "") + ("; Secure" if self.secure else "")
