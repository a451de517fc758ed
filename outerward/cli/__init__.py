"""The command line: ``outerward COMMAND …``. Results go to stdout, everything else to stderr.

Exit codes: 0 done, 1 run-time failure, 2 usage, 69 the API or the store cannot be reached, 78 bad or
unreadable configuration, 130 on ^C.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from outerward.cli.commands import outerward
from outerward.errors import OuterwardError
from outerward.plain_text import printable

__all__ = ["main"]

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``arguments`` are those of the process when not given."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result = outerward.main(args=arguments, prog_name="outerward", standalone_mode=False)
        sys.stdout.flush()
    except OuterwardError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except OSError as error:
        click.echo(f"the command failed: {printable(error.strerror or str(error))}", err=True)
        _forget_stdout()
        return 1
    return result if isinstance(result, int) else 0


def _forget_stdout() -> None:
    """Output can go nowhere any more; keep the interpreter from complaining when it flushes at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
