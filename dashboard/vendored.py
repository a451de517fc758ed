"""Joins the published module files of Preact, its hooks and htm into the one module that the pages import.

    python -m dashboard.vendored preact.module.js hooks.module.js htm.module.js > preact.js

Each file stays as it was published, in a function of its own, so that their short names do not meet; only the
import and export statements are put differently. No part of serving: docs/decisions/0011 tells more.
"""

import re
import sys
from pathlib import Path

_IMPORT = re.compile(r'import\{([^}]*)\}from"preact";')
_EXPORT = re.compile(r"export\{([^}]*)\};")
_DEFAULT = "export default function("
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_HEAD = (
    "/* Preact, its hooks (MIT) and htm (Apache-2.0), joined by dashboard/vendored.py; NOTICE names them. */"
)


class NotAsPublished(ValueError):
    """A file has not the one import or export statement that it was known by."""


def joined(preact: str, hooks: str, htm: str) -> str:
    """One module with everything that ``preact`` and ``hooks`` export, and ``html``: htm bound to ``h``.

    Raises NotAsPublished.
    """
    of_preact, of_hooks = _exported(preact), _exported(hooks)
    return "\n".join(
        (
            _HEAD,
            f"const preact=(()=>{{{_returning(preact, of_preact)}}})();",
            f"const hooks=(()=>{{{_returning(_importing(hooks), of_hooks)}}})();",
            f"const htm=(()=>{{{_returning_default(htm)}}})();",
            f"export const{{{','.join(sorted(of_preact))}}}=preact;",
            f"export const{{{','.join(sorted(of_hooks))}}}=hooks;",
            "export const html=htm.bind(preact.h);",
            "",
        )
    )


def _exported(text: str) -> dict[str, str]:
    """The public name of each export, with the name that the file itself has for it."""
    return {public: inner for inner, public in _pairs(_one(_EXPORT, text)[1])}


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(before, after) for before, _, after in (part.partition(" as ") for part in text.split(","))]


def _returning(text: str, exported: dict[str, str]) -> str:
    members = ",".join(f"{public}:{inner}" for public, inner in exported.items())
    return _trimmed(_EXPORT.sub(lambda _: f"return{{{members}}};", text))


def _importing(text: str) -> str:
    names = ",".join(f"{outer}:{inner}" for outer, inner in _pairs(_one(_IMPORT, text)[1]))
    return _IMPORT.sub(lambda _: f"const{{{names}}}=preact;", text)


def _returning_default(text: str) -> str:
    if text.count(_DEFAULT) != 1:
        raise NotAsPublished(_DEFAULT)
    return _trimmed(text.replace(_DEFAULT, "return function("))


def _trimmed(text: str) -> str:
    return _SOURCE_MAP.sub("", text).strip()


def _one(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = list(pattern.finditer(text))
    if len(found) != 1:
        raise NotAsPublished(pattern.pattern)
    return found[0]


if __name__ == "__main__":
    sys.stdout.write(joined(*(Path(name).read_text() for name in sys.argv[1:4])))
