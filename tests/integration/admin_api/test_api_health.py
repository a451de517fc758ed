"""Whether the process lives and whether it is ready."""

from session_store import Store, StoreUnavailable
from tests.support.admin_api import RunningApi, running_api


async def test_a_living_process_with_a_store_is_ready(api: RunningApi) -> None:
    alive, ready = await api.get("/healthz", None), await api.get("/readyz", None)
    assert (alive.status, alive.json) == (200, {"status": "ok"})
    assert (ready.status, ready.json) == (200, {})


async def test_what_is_missing_is_named_while_the_process_lives(store: Store) -> None:
    async def missing() -> dict[str, str]:
        return {"store": "down", "edge": "draining"}

    async with running_api(store, readiness=missing) as api:
        ready = await api.get("/readyz", None)
        assert (ready.status, ready.json) == (503, {"store": "down", "edge": "draining"})
        assert ready.headers["Retry-After"] == "1"
        assert (await api.get("/healthz", None)).status == 200


async def test_a_store_that_does_not_answer_is_down() -> None:
    store = Store.open("unix:///nonexistent/store.sock", secrets=["s" * 32])
    async with running_api(store) as api:
        ready = await api.get("/readyz", None)
        assert (ready.status, ready.json) == (503, {"store": "down"})
    await store.close()


async def test_a_readiness_that_fails_is_an_error_without_detail(store: Store) -> None:
    async def broken() -> dict[str, str]:
        raise StoreUnavailable("CANARY")

    async with running_api(store, readiness=broken) as api:
        ready = await api.get("/readyz", None)
        assert (ready.status, ready.code) == (503, 4000)
        assert b"CANARY" not in ready.body
