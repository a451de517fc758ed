"""Times as people read them: how long ago, or how long until. The present moment is passed in."""

from datetime import UTC, datetime, timedelta

_STEPS = (("day", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))
_JUST_NOW = timedelta(seconds=5)
_DATES_FROM = timedelta(days=60)
_SLACK = timedelta(seconds=30)


def moment(text: object) -> datetime | None:
    """The time in RFC 3339 that ``text`` is; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def rfc3339(at: datetime) -> str:
    """``at`` as the API writes times: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def relative(at: datetime, now: datetime) -> str:
    """``at`` as seen from ``now``: "3 min ago", "in 5 h"; a date where that is far."""
    apart = abs(at - now)
    if apart < _JUST_NOW:
        return "now"
    if apart > _DATES_FROM:
        return at.astimezone(UTC).strftime("%Y-%m-%d")
    if at > now + _SLACK:
        # What lasts for seven days is said to do so a second later too.
        apart += _SLACK
    for unit, length in _STEPS:
        if apart >= length:
            count = apart // length
            words = f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
            break
    else:
        words = f"{apart // timedelta(seconds=1)} s"
    return f"{words} ago" if at < now else f"in {words}"
