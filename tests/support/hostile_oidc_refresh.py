"""The refresh tokens of the lying provider: each is worth one refresh, and a second use ends its family.

RFC 9700 §4.14.2.
"""

import asyncio
from dataclasses import dataclass, field


@dataclass
class RefreshTokens:
    """Those that were given out, oldest first within a family.

    ``given`` says whether logins bring one at all, ``rotates`` whether a refresh does. ``held`` is waited for
    before a refresh is answered, when its token is spent already; ``started`` is set by then.
    """

    given: bool = False
    rotates: bool = True
    held: asyncio.Event | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    used: list[str] = field(default_factory=list)
    _families: list[list[str]] = field(default_factory=list)

    def first(self) -> str:
        """The token of a new login."""
        self._families.append([f"refresh-{len(self._families)}.0"])
        return self._families[-1][0]

    def use(self, token: str) -> str | None:
        """The token that replaces ``token``, itself where none does; None where it is no longer good."""
        family = next((each for each in self._families if token in each), None)
        if family is None:
            return None
        self.used.append(token)
        if token != family[-1]:
            self._families.remove(family)
            return None
        if self.rotates:
            family.append(f"{family[0].partition('.')[0]}.{len(family)}")
        return family[-1]

    def end(self) -> None:
        """Take back all of them."""
        self._families.clear()
