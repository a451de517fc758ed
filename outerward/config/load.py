"""Finding, reading and resolving a configuration: flag before environment before file before default.

Raises ConfigErrors and nothing else, whatever the file holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outerward import usual_files
from outerward.config.check import check_sections
from outerward.config.endpoints import check_endpoints
from outerward.config.environment import from_flags, variables_for
from outerward.config.schema import LATER, Settings
from outerward.errors import ConfigErrors
from outerward.typed_toml import Converter, Problems, read_document


@dataclass(frozen=True)
class Loaded:
    """A configuration that holds, what it was read from, and what is odd about it, one line each."""

    settings: Settings
    warnings: tuple[str, ...]
    path: Path


def load_settings(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None
) -> Loaded:
    """The whole configuration, from ``path`` or the first of the usual files that is there.

    ``overrides`` maps flags (``--listen``, ``--admin-listen``, ``--store``, ``--workers``) to their texts.
    Raises ConfigErrors with all that is wrong at once.
    """
    found = path or usual_files.usual_file()
    if found is None:
        looked = " and ".join(map(str, usual_files.USUAL_FILES))
        raise ConfigErrors([f"there is no configuration: looked for {looked}; name another file with -c"])
    document = read_document(found)
    problems = Problems(document.origins)
    given = variables_for(document.tables).read(environ, document.folder, problems)
    tables = document.merged([*given, *from_flags(overrides or {})])
    settings = Converter(problems, environ, document.folder, LATER).settings(tables, Settings)
    check_sections(settings, problems)
    check_endpoints(settings, problems)
    problems.raise_if_any()
    return Loaded(settings, problems.warnings, found)
