"""A moment to come, as it is typed: how long from now, or the time itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from outerward.cli.moments import moment
from outerward.typed_toml import duration


class Deadline(click.ParamType[datetime]):
    """``7d`` from now, or a time in RFC 3339."""

    name = "deadline"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time. Fails with a usage error."""
        now, text = datetime.now(UTC), str(value)
        at = moment(text)
        if at is None:
            try:
                at = now + duration(text)
            except (ValueError, OverflowError):
                self.fail(
                    "must be a duration such as 7d, or a time such as 2026-12-31T00:00:00Z.", param, ctx
                )
        if at < now + timedelta(seconds=1):
            self.fail("must be in the future.", param, ctx)
        return at
