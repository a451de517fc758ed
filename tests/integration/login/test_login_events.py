"""Logins are told to the list of events, the refused ones too, and that list cannot be flooded."""

import pytest
from structlog.testing import capture_logs

from proxy.login.desk import MOST_FAILURES
from session_store import Event, NotConfirmed, Store, StoreUnavailable
from tests.support.control import Browser, Control

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
SEEN = {
    "provider": "corp",
    "tunnel": "app.example.com",
    "hostname": "app.example.com",
    "ip_address": "192.0.2.1",
    "browser_name": "Firefox",
    "os_name": "Linux",
    "device_type": "Desktop",
}


async def told(store: Store) -> list[Event]:
    """The events of logins, oldest first."""
    page = await store.events(limit=100, before=None, types=frozenset({"login", "login_denied"}))
    return [stored.event for stored in reversed(page.items)]


async def answer(visitor: Browser, person: str) -> int:
    """Come back from the provider as ``person``, with a browser that says what it is."""
    state = (await visitor.begin("/report"))["state"]
    path = f"/.outerward/callback/corp?code={person}&state={state}"
    return (await visitor.get(path, user_agent=FIREFOX)).status


async def test_a_login_is_told_with_who_came_in_by_what_from_where_and_with_what(
    store: Store, visitor: Browser, control: Control
) -> None:
    before = control.clock()
    assert await answer(visitor, "ada") == 302
    (event,) = await told(store)
    (view,) = (await store.users(limit=10, before=None)).items

    assert (event.type, event.user_id, event.actor) == ("login", view.user.id, view.user.id)
    assert before <= event.at <= control.clock()
    assert event.details.pop("request_id").startswith("req_")
    assert event.details == SEEN


async def test_a_refused_login_is_told_with_the_account_that_the_provider_named(
    store: Store, visitor: Browser
) -> None:
    assert await answer(visitor, "eve") == 403
    (event,) = await told(store)

    assert (event.type, event.user_id, event.actor) == ("login_denied", "", "provider:corp")
    assert event.details.pop("request_id").startswith("req_")
    assert len(event.details.pop("person")) == 32
    assert event.details == {**SEEN, "account": "eve@example.com", "reason": "not_allowed"}


async def test_the_erasure_of_a_person_takes_the_refusals_along(store: Store, visitor: Browser) -> None:
    await answer(visitor, "eve")
    with_account = [event for event in await told(store) if event.details["account"] == "eve@example.com"]
    await answer(visitor, "ada")
    (view,) = (await store.users(limit=10, before=None)).items
    await store.erase_user(view.user.id, "bootstrap")

    assert with_account
    assert await told(store) == with_account


async def test_a_flood_of_refused_logins_is_in_the_log_and_not_in_the_list_of_events(
    store: Store, visitor: Browser
) -> None:
    with capture_logs() as logs:
        statuses = {await answer(visitor, "eve") for _ in range(MOST_FAILURES + 3)}

    assert statuses == {403}
    assert len(await told(store)) == MOST_FAILURES
    beyond = [entry for entry in logs if entry["event"] == "login_denied"]
    assert [(entry["account"], entry["reason"]) for entry in beyond] == [
        ("eve@example.com", "not_allowed")
    ] * 3
    assert all(entry["client_address"] == "192.0.2.1" for entry in beyond)


async def test_made_up_callbacks_use_up_the_same_limit_and_are_no_events(
    store: Store, visitor: Browser, control: Control
) -> None:
    begun = await visitor.begin("/report")
    for number in range(MOST_FAILURES):
        await control.browser("app.example.com").answer(f"made-up-{number}", "eve")
    denied = await visitor.answer(begun["state"], "eve")

    assert denied.status == 403
    assert await told(store) == []
    elsewhere = control.browser("app.example.com", "192.0.2.2")
    await elsewhere.sign_in("/", "eve")
    assert [event.details["ip_address"] for event in await told(store)] == ["192.0.2.2"]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), NotConfirmed("away")], ids=["away", "unsure"])
@pytest.mark.parametrize(("person", "status"), [("ada", 302), ("eve", 403)], ids=["login", "denied"])
async def test_an_event_that_cannot_be_written_changes_nothing_about_the_login(
    store: Store,
    visitor: Browser,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    person: str,
    status: int,
) -> None:
    async def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr(store, "record_events", refuse)

    assert await answer(visitor, person) == status
    assert (visitor.session is not None) == (person == "ada")
