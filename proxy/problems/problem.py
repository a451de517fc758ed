"""What an answer of ours that says no is made of: number, status, and words for the visitor.

Knows neither HTML nor JSON.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """One thing to do next; the first on a page is the main one.

    ``post`` makes it a button that POSTs an empty body to ``href``: for whatever changes state.
    """

    label: str
    href: str
    post: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is the matter (``title``, ``sentence``) and what to do next (``advice``)."""

    number: int
    status: int
    title: str
    sentence: str
    advice: str

    @property
    def page_code(self) -> str:
        """The code at the foot of a page."""
        return f"OUT-{self.number}"

    @property
    def error_code(self) -> str:
        """The code in the JSON envelope."""
        return f"ERR_OUTERWARD_{self.number}"


ASK_APP = "If a link brought you here, tell the people who run this application."
ASK_ADMIN = "If this goes on, give your administrator the code and the request number below."
TRY_AGAIN = "Wait a moment and reload this page."
