"""What a format has that a version of the program does not carry out yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LATER_MESSAGE = "is not available in this version"


@dataclass(frozen=True)
class Later:
    """What belongs to a format but not to this version, by section ("" is the top) and key.

    ``SECTION:TYPE`` has the keys of one type, where the section's tables are of several. Refused by name: a
    setting that is silently not carried out would be worse than none.
    """

    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def has_key(self, section: str, key: str) -> bool:
        """Whether this version does not carry out ``key``."""
        return key in self.keys.get(section, ())

    def has_value(self, section: str, key: str, value: str) -> bool:
        """Whether this version does not carry out ``value``."""
        return value in self.values.get((section, key), ())
