"""How long rows are looked for, by a clock that moves on whenever it is read."""

import pytest

from session_store.query import TooBroad, Wanted
from tests.integration.session_store.finding import finding
from tests.integration.session_store.test_finding import enter_many, wanted
from tests.unit.session_store.query.rows import NOW_MS


async def test_looking_takes_a_second_and_not_more(store_url: str) -> None:
    now = iter(range(NOW_MS, NOW_MS + 10**6, 400))
    async with finding(store_url) as found:
        found.finder._now_ms = lambda: next(now)
        await enter_many(found, 9_000)
        with pytest.raises(TooBroad) as refused:
            await found.finder.sessions(wanted('obj.name.contains("Zuse")'), 100, None)
        assert found.kept.read < 9_000
        assert "tunnel" in refused.value.fields


async def test_a_list_of_everything_is_read_on_however_long_it_takes(store_url: str) -> None:
    now = iter(range(NOW_MS, NOW_MS + 10**6, 400))
    async with finding(store_url) as found:
        found.finder._now_ms = lambda: next(now)
        views = await enter_many(found, 3_000)
        for view in views[100:]:
            del found.kept.sessions[view.session.id]
        assert len((await found.finder.sessions(Wanted(), 100, None)).items) == 100
