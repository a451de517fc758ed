"""Which modules a module needs, so that a browser may ask for all of them at once.

Reads static imports by relative paths, as the files here write them: one a line, the path in quotes. Knows
neither files nor addresses: the sources are given.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping

_IMPORT = re.compile(r"""^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["']([^"']+)["']""", re.MULTILINE)


class NoSuchModule(ValueError):
    """A module imports what is not there, or by anything but a relative path."""


def needed(begin: Iterable[str], sources: Mapping[str, str]) -> tuple[str, ...]:
    """The modules ``begin`` and all that they import, each once, by name. Raises NoSuchModule."""
    found: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imports(name, sources))
    return tuple(sorted(found))


def _imports(name: str, sources: Mapping[str, str]) -> list[str]:
    targets = [(target, _resolved(name, target)) for target in _IMPORT.findall(sources.get(name, ""))]
    nowhere = [name] if name not in sources else [each for each, found in targets if found not in sources]
    if nowhere:
        raise NoSuchModule(f"{name}: there is no module {nowhere[0]}")
    return [found for _, found in targets]


def _resolved(name: str, target: str) -> str:
    """The name of what ``name`` imports as ``target``; itself where that is no relative path."""
    if not target.startswith(("./", "../")):
        return target
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
