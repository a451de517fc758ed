"""Finding, reading and resolving a configuration: flag before environment before file before default.

Raises ConfigErrors and nothing else, whatever the file holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from outerward import usual_files
from outerward.config.check import check_sections
from outerward.config.dashboard import check_dashboard
from outerward.config.endpoints import check_endpoints
from outerward.config.environment import from_flags, variables_for
from outerward.config.schema import LATER, Settings
from outerward.config.session_rules import check_session_rules
from outerward.errors import ConfigErrors
from outerward.typed_toml import Converter, Document, Given, Origins, Problems, read_document


@dataclass(frozen=True)
class Loaded:
    """A configuration that holds, what it was read from, and what is odd about it, one line each.

    ``origins``: where each value came from; it holds secrets as the file writes them.
    """

    settings: Settings
    warnings: tuple[str, ...]
    path: Path
    origins: Origins = field(repr=False)


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
    return resolved(read_document(found), environ, from_flags(overrides or {}))


def resolved(document: Document, environ: Mapping[str, str], flags: Iterable[Given]) -> Loaded:
    """``document`` with the values of ``environ`` and of ``flags`` over it. Raises ConfigErrors."""
    problems = Problems(document.origins)
    given = variables_for(document.tables).read(environ, document.folder, problems)
    tables = document.merged([*given, *flags])
    settings = Converter(problems, environ, document.folder, LATER).settings(tables, Settings)
    check_sections(settings, problems)
    check_endpoints(settings, problems)
    check_session_rules(settings, problems)
    check_dashboard(settings, problems)
    problems.raise_if_any()
    return Loaded(settings, problems.warnings, document.path, document.origins)
