"""The catalogue of everything that the pages say, and how a text gets its values.

One JSON file a page or part, flat keys. A text is a string with ``{slots}``, or two forms of which ``count``
chooses one. Templates say it here; scripts get the whole catalogue as a module. Knows no page.
"""

import re
from collections.abc import Mapping
from importlib.resources.abc import Traversable

import msgspec

_SLOT = re.compile(r"\{(\w+)\}")


class Forms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two forms of an English text: for exactly one, and for any other count."""

    one: str
    other: str


class BadCatalogue(ValueError):
    """A file of the catalogue cannot be read, or a key is in two of them."""


class Texts:
    """All texts of one language; ``lang`` is its tag (BCP 47)."""

    def __init__(self, lang: str, texts: Mapping[str, str | Forms]) -> None:
        self.lang = lang
        self._texts = dict(texts)

    @classmethod
    def read(cls, folder: Traversable) -> "Texts":
        """The texts of all files in ``folder``, which is named by the language. Raises BadCatalogue."""
        texts: dict[str, str | Forms] = {}
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            added = _entries(file)
            if twice := texts.keys() & added.keys():
                raise BadCatalogue(f"{file.name}: {', '.join(sorted(twice))} stands in another file too")
            texts.update(added)
        return cls(folder.name, texts)

    def all_keys(self) -> frozenset[str]:
        """What can be said."""
        return frozenset(self._texts)

    def say(self, key: str, **values: str | int) -> str:
        """The text ``key`` with its slots filled in. Raises KeyError where the text or a value is missing."""
        text = self._texts[key]
        if isinstance(text, Forms):
            text = text.one if values["count"] == 1 else text.other
        return _SLOT.sub(lambda slot: str(values[slot[1]]), text)

    def module(self) -> bytes:
        """The catalogue as a module for scripts, which exports LANG and TEXTS."""
        texts = msgspec.json.encode(self._texts, order="sorted")
        return b"export const LANG = %b;\nexport const TEXTS = %b;\n" % (
            msgspec.json.encode(self.lang),
            texts,
        )


def _entries(file: Traversable) -> dict[str, str | Forms]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str | Forms])
    except msgspec.MsgspecError as error:
        raise BadCatalogue(f"{file.name}: {error}") from None
