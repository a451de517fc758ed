"""The errors that end the program, each with its exit code. The text is for a person and holds no secret."""

from collections.abc import Sequence


class OuterwardError(Exception):
    """The root: a run-time failure in words (exit 1)."""

    exit_code = 1


class Unreachable(OuterwardError):
    """The admin API or the store gave no usable answer (EX_UNAVAILABLE of sysexits.h)."""

    exit_code = 69


class ConfigErrors(OuterwardError):
    """Everything that is wrong with a configuration, at once (EX_CONFIG of sysexits.h).

    ``lines``: one error each, ``FILE:LINE: KEY.PATH: message (did you mean …?)``.
    """

    exit_code = 78

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
