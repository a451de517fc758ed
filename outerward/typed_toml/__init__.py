"""From TOML text to typed settings, with the line of all that is wrong. Knows no particular setting."""

from outerward.typed_toml.convert import Converter, Text
from outerward.typed_toml.document import Document, read_document
from outerward.typed_toml.later import LATER_MESSAGE, Later
from outerward.typed_toml.lines import Key
from outerward.typed_toml.outside import Given, Variables
from outerward.typed_toml.problems import Origins, Problems, quoted
from outerward.typed_toml.values import duration, read_secret_file

__all__ = [
    "LATER_MESSAGE",
    "Converter",
    "Document",
    "Given",
    "Key",
    "Later",
    "Origins",
    "Problems",
    "Text",
    "Variables",
    "duration",
    "quoted",
    "read_document",
    "read_secret_file",
]
