"""Values from outside the file: environment variables, and their forms that name a file.

Which variable stands for which key is told by the caller; nothing is converted here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from outerward.typed_toml.convert import Plain, Text
from outerward.typed_toml.later import LATER_MESSAGE
from outerward.typed_toml.lines import Key
from outerward.typed_toml.problems import Problems
from outerward.typed_toml.values import is_unicode, read_secret_file

_FILE = "_FILE"


@dataclass(frozen=True)
class Given:
    """A value from outside the file: the key it stands for, its text, the variable's or flag's name."""

    key: Key
    text: Text
    origin: str


@dataclass(frozen=True)
class Variables:
    """What the variables that begin with ``prefix`` stand for.

    Where one could stand for several keys, it is an error to set it. ``later``: keys of the format that this
    version does not carry out. ``foreign``: names that are somebody else's business.
    """

    prefix: str
    keys: Mapping[str, Sequence[Key]]
    later: Mapping[str, Key] = field(default_factory=dict)
    foreign: Sequence[str] = ()

    def read(self, environ: Mapping[str, str], folder: Path, problems: Problems) -> list[Given]:
        """The values set in ``environ``; an empty one is not set, an unknown one is a warning."""
        return list(_Reading(self, environ, folder, problems).values())


class _Reading:
    """One reading of the environment."""

    def __init__(
        self, variables: Variables, environ: Mapping[str, str], folder: Path, problems: Problems
    ) -> None:
        self._variables = variables
        self._environ = environ
        self._folder = folder
        self._problems = problems

    def values(self) -> Iterator[Given]:
        keys, later, foreign = self._variables.keys, self._variables.later, self._variables.foreign
        for name, text in sorted(self._environ.items()):
            plain_name = name.removesuffix(_FILE)
            if not text or not name.startswith(self._variables.prefix) or plain_name in foreign:
                continue
            if name in keys:
                yield from self._given(name, keys[name], Text(text))
            elif plain_name in keys:
                yield from self._from_file(name, plain_name, text)
            elif plain_name in later:
                self._problems.add_elsewhere(name, later[plain_name], LATER_MESSAGE)
            else:
                self._problems.warn_elsewhere(name, "stands for no key and is not used")

    def _given(self, name: str, keys: Sequence[Key], text: Text) -> Iterator[Given]:
        if len(keys) > 1:
            self._problems.add_elsewhere(name, keys[0], "stands for more than one key")
        elif not is_unicode(text):
            self._problems.add_elsewhere(name, keys[0], "is not UTF-8")
        else:
            yield Given(keys[0], text, name)

    def _from_file(self, name: str, plain_name: str, path: str) -> Iterator[Given]:
        keys = self._variables.keys[plain_name]
        if self._environ.get(plain_name):
            self._problems.add_elsewhere(name, keys[0], f"{plain_name} is set too; only one of them may be")
            return
        try:
            text = read_secret_file(self._folder / path)
        except ValueError as error:
            self._problems.add_elsewhere(name, keys[0], str(error))
            return
        yield from self._given(name, keys, Plain(text))
