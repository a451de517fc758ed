"""What the API refuses, in sentences with the exit code they mean. Knows no connection.

An envelope is text from outside: what of it is shown is on one line, cut, and without effect on a terminal.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from outerward.errors import OuterwardError, Unreachable
from outerward.plain_text import printable

_FOR_THE_LOG = "operation_id"
_LONGEST_MESSAGE = 300
_OF_THE_EDGE = re.compile(r"ERR_OUTERWARD_[12]\d{3}")


class Refused(OuterwardError):
    """The API answered, and not with what was asked for. ``details``: those of its envelope, as they came."""

    def __init__(self, words: str, status: int, details: Mapping[str, str]) -> None:
        super().__init__(words)
        self.status = status
        self.details = details


def is_of_the_api(status: int, answer: bytes) -> bool:
    """Whether an answer other than 2xx can be the API's: not with a code of the edge, no 404 without a code.

    Whatever serves pages says 404 to the API's paths.
    """
    code = _envelope(answer).get("error_code")
    return not _OF_THE_EDGE.fullmatch(code) if isinstance(code, str) else status != 404


def refusal(status: int, answer: bytes, what: str) -> OuterwardError:
    """The error that an answer other than 2xx means; ``what`` names what was asked for."""
    envelope = _envelope(answer)
    message, details = envelope.get("msg"), _details(envelope)
    said = f": {printable(message, _LONGEST_MESSAGE)}" if isinstance(message, str) and message else ""
    if status == 503:
        return Unreachable(f"the API cannot serve this now (503){said}")
    return Refused(_words(status, said + _more(details), what), status, details)


def _words(status: int, said: str, what: str) -> str:
    match status:
        case 401:
            return f"the API does not accept the token (401){said}"
        case 403:
            return f"the token may not do this (403){said}"
        case 404:
            return f"there is no {what} (404)"
        case 429:
            return f"the API refuses further attempts for a moment (429){said}"
        case _:
            return f"the API answered {status}{said}"


def _more(details: Mapping[str, str]) -> str:
    """What the details add to the sentence, which may say no more than that they do."""
    told = "; ".join(f"{name}: {text}" for name, text in details.items() if name != _FOR_THE_LOG)
    return f" ({printable(told, _LONGEST_MESSAGE)})" if told else ""


def _envelope(answer: bytes) -> Mapping[str, Any]:
    try:
        envelope = msgspec.json.decode(answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _details(envelope: Mapping[str, Any]) -> dict[str, str]:
    details = envelope.get("details")
    pairs = details.items() if isinstance(details, dict) else ()
    return {name: text for name, text in pairs if isinstance(text, str)}
