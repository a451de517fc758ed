"""Bulk revocations: what a filter finds or what is named ends, a part at a time, and nothing else does."""

from collections.abc import AsyncIterator, Sequence

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    Part,
    Search,
    SessionId,
    StoreUnavailable,
    TooBroad,
    UserTag,
    Wanted,
    keys,
    parse_filter,
)
from tests.integration.session_store.keyspace import strays
from tests.support.redis_server import RedisServer
from tests.support.scene import HOUR_MS, Scene, cookie

RUN = "a run of the tests"


def by(text: str) -> Wanted:
    return Wanted(parse_filter(text, "sessions"))


@pytest.fixture
def four_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("session_store.bulk.MOST_AT_ONCE", 4)


async def populate(scene: Scene, *people: str, where: str = "app") -> list[ApplicationSession]:
    """A session for each of ``people``, who may come several times."""
    return [await scene.enter(who, f"{who} {number} {where}", where) for number, who in enumerate(people)]


async def end(
    scene: Scene,
    wanted: Wanted,
    part: Part | None = None,
    *,
    own: UserTag | None = None,
    dry_run: bool = False,
) -> Part:
    """The part that follows ``part``, or the first."""
    return await scene.store.end_found(
        wanted,
        by="root",
        operation_id="op_1",
        note="a note",
        run=RUN,
        before=part.before if part else None,
        counted=(part.matched, part.yours) if part else (0, 0),
        own=own,
        dry_run=dry_run,
    )


async def parts(
    scene: Scene, wanted: Wanted, *, own: UserTag | None = None, dry_run: bool = False
) -> AsyncIterator[Part]:
    """Each part until the end."""
    part = await end(scene, wanted, own=own, dry_run=dry_run)
    yield part
    while part.before is not None:
        part = await end(scene, wanted, part, own=own, dry_run=dry_run)
        yield part


def ids(sessions: Sequence[ApplicationSession]) -> list[SessionId]:
    return [session.id for session in sessions]


async def test_what_a_filter_finds_ends_for_good_and_nothing_else(scene: Scene, store_url: str) -> None:
    apps = await populate(scene, "ada", "eve", "ada")
    wikis = await populate(scene, "ada", "bob", where="wiki")
    (part,) = [part async for part in parts(scene, by('obj.tunnel == "app"'))]
    assert part == Part(matched=3, users=2, yours=0, revoked=ids(apps)[::-1], failed=[], before=None)
    for number, who in enumerate(("ada", "eve", "ada")):
        found = await scene.check(f"{who} {number} app")
        assert found is not None
        assert await scene.end_reason(f"{who} {number} app") is EndReason.REVOKED
        assert not isinstance(
            await scene.store.browser_session(cookie(f"{who} {number} app")), BrowserSession
        )
    assert sorted(await scene.listed()) == sorted(ids(wikis))
    told = await scene.store.events(limit=9, before=None, types=frozenset({"revoke"}))
    assert {(one.event.operation_id, one.event.actor, one.event.details["note"]) for one in told.items} == {
        ("op_1", "root", "a note")
    }
    assert sorted(each for one in told.items for each in one.event.sessions) == sorted(ids(apps))
    assert strays(store_url, scene.clock() + HOUR_MS) == []


@pytest.mark.usefixtures("four_at_once")
async def test_parts_count_on_from_one_to_the_next_and_no_user_twice(scene: Scene) -> None:
    sessions = await populate(scene, *["ada", "eve", "bob"] * 3)
    found = [part async for part in parts(scene, by('obj.tunnel == "app"'), own=sessions[0].user_tag)]
    assert [(part.matched, part.users, part.yours) for part in found] == [(4, 3, 1), (8, 3, 2), (9, 3, 3)]
    assert [each for part in found for each in part.revoked] == ids(sessions)[::-1]
    assert await scene.listed() == []


@pytest.mark.usefixtures("four_at_once")
async def test_a_dry_run_counts_what_would_end_and_ends_nothing(scene: Scene) -> None:
    sessions = await populate(scene, *["ada", "eve", "bob"] * 3)
    found = [part async for part in parts(scene, by("true"), own=sessions[0].user_tag, dry_run=True)]
    assert [(part.matched, part.users, part.yours) for part in found] == [(4, 3, 1), (8, 3, 2), (9, 3, 3)]
    assert all(part.revoked == [] for part in found)
    assert await scene.listed() == ids(sessions)[::-1]
    assert (await scene.store.ended_sessions(limit=9, before=None)).items == []


@pytest.mark.usefixtures("four_at_once")
async def test_a_dry_run_of_whole_users_ends_no_login(scene: Scene) -> None:
    browser = await scene.login()
    (part,) = [
        part
        async for part in parts(scene, by(f'obj.application_user_id == "{browser.user_id}"'), dry_run=True)
    ]
    assert part.matched == 0
    assert await scene.store.browser_session(cookie("laptop")) == browser


@pytest.mark.usefixtures("four_at_once")
async def test_whoever_was_cut_off_goes_on_from_the_position_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the part that was cut off had ended stays ended, and its users count once."""
    sessions = await populate(scene, *["ada", "eve", "bob"] * 3)
    first = await end(scene, by("true"))
    with monkeypatch.context() as context:
        context.setattr("session_store.revocation._ENDED_AT_ONCE", 2)
        calls = []

        async def dies(*_: object) -> int:
            calls.append(1)
            raise StoreUnavailable("this worker is dead")

        context.setattr(scene.store._bulk, "_count_users", dies)
        with pytest.raises(StoreUnavailable):
            await end(scene, by("true"), first)
    assert calls
    assert sorted(await scene.listed()) == ids(sessions)[:1]
    again = await end(scene, by("true"), first)
    assert (again.revoked, again.before, again.users) == (ids(sessions)[:1], None, 3)
    assert await scene.listed() == []


@pytest.mark.usefixtures("four_at_once")
async def test_sessions_that_begin_meanwhile_are_not_chased(scene: Scene) -> None:
    await populate(scene, *["ada", "eve", "bob"] * 3)
    part = await end(scene, by("true"))
    newcomer = await scene.enter("joe", "joe's")
    while part.before is not None:
        part = await end(scene, by("true"), part)
    assert part.matched == 9
    assert await scene.listed() == [newcomer.id]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ('obj.application_user_id == "{ada}"', {"ada"}),
        ('obj.application_user_id in ["{ada}", "{eve}"]', {"ada", "eve"}),
        ('obj.application_user_id == "{ada}" || obj.application_user_id == "{eve}"', {"ada", "eve"}),
        ('obj.application_user_id == "{ada}" && obj.tunnel == "app"', set()),
        ('obj.application_user_id == "{ada}" || obj.tunnel == "none"', set()),
        ('obj.application_user_id == "{ada}" && obj.outerward.requests > 99', set()),
        ("true", set()),
    ],
    ids=[
        "one user",
        "two users",
        "either user",
        "at one tunnel",
        "or at another",
        "the busy ones",
        "everything",
    ],
)
async def test_where_whole_users_are_signed_out_their_logins_end_too(
    scene: Scene, store_url: str, text: str, ends: set[str]
) -> None:
    """One that visited nowhere yet, and one whose only session has gone idle, could still begin sessions."""
    fresh = {who: await scene.login(who, f"{who} fresh") for who in ("ada", "eve", "bob")}
    for who in fresh:
        idle = await scene.enter(who, f"{who} idle", idle_timeout_s=600)
        RedisServer.looking_at(store_url).delete(keys.application(idle.cookie_hash, idle.endpoint.id))
    wanted = by(text.format(**{who: browser.user_id for who, browser in fresh.items()}))
    assert [part.matched async for part in parts(scene, wanted)] == [0]
    for who in fresh:
        for kind in ("fresh", "idle"):
            browser = await scene.store.browser_session(cookie(f"{who} {kind}"))
            assert isinstance(browser, BrowserSession) == (who not in ends), (who, kind)


async def test_a_search_for_a_user_ends_what_it_finds_and_no_login(scene: Scene) -> None:
    fresh = await scene.login("ada", "fresh")
    session = await scene.enter("ada", "laptop")
    (part,) = [part async for part in parts(scene, Wanted(search=Search(fresh.user_id)))]
    assert part.revoked == [session.id]
    assert await scene.store.browser_session(cookie("fresh")) == fresh


async def test_named_sessions_end_and_those_named_in_vain_are_told(scene: Scene) -> None:
    ada, eve, bob = await populate(scene, "ada", "eve", "bob")
    await scene.store.end_application_session(eve.id, EndReason.LOGOUT, "eve")
    unknown = [SessionId("edgses_" + "0" * 27), SessionId("x"), SessionId("")]
    named = [ada.id, eve.id, *unknown]
    dry = await scene.store.end_named(named, by="root", own=ada.user_tag, dry_run=True)
    assert dry == Part(matched=1, users=1, yours=1, revoked=[], failed=[eve.id, *unknown], before=None)
    assert sorted(await scene.listed()) == sorted([ada.id, bob.id])
    part = await scene.store.end_named(named, by="root", operation_id="op_1", note="a note", own=ada.user_tag)
    assert part == Part(matched=1, users=1, yours=1, revoked=[ada.id], failed=[eve.id, *unknown], before=None)
    assert await scene.listed() == [bob.id]
    again = await scene.store.end_named([ada.id], by="root")
    assert (again.revoked, again.failed) == ([], [ada.id])


async def test_several_named_sessions_of_one_user_are_of_one_user(scene: Scene) -> None:
    one, other = await populate(scene, "ada", "ada")
    part = await scene.store.end_named([one.id, other.id], by="root")
    assert (part.matched, part.users, part.yours, len(part.revoked)) == (2, 1, 0, 2)


async def test_a_session_that_is_named_twice_ends_once(scene: Scene) -> None:
    (ada,) = await populate(scene, "ada")
    part = await scene.store.end_named([ada.id, ada.id], by="root")
    assert (part.matched, part.users, part.revoked, part.failed) == (1, 1, [ada.id], [])
    told = await scene.store.events(limit=9, before=None, types=frozenset({"revoke"}))
    assert [one.event.sessions for one in told.items] == [(ada.id,)]


async def test_what_would_read_too_much_ends_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = await populate(scene, *["ada"] * 5)
    monkeypatch.setattr("session_store.query.finder._ROWS_AT_MOST", 2)
    with pytest.raises(TooBroad):
        await end(scene, by('obj.email.contains("nobody")'))
    assert await scene.listed() == ids(sessions)[::-1]


async def test_what_a_run_has_counted_is_gone_an_hour_later(scene: Scene, store_url: str) -> None:
    await populate(scene, "ada")
    await end(scene, by("true"))
    server = RedisServer.looking_at(store_url)
    assert 0 < server.ttl(keys.bulk_users(RUN)) <= 3600
