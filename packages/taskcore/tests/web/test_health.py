"""Probes learn at once whether the process should get work, and strangers learn no more."""

import asyncio

from starlette.types import ASGIApp
from taskcore.errors import StoreUnavailable
from taskcore.testing import FakeClock
from taskcore.web.access import Access
from taskcore.web.health import Health

from .faces import Known, a_client, a_face

PUBLIC = ("/livez", "/readyz")


async def fine() -> None:
    return None


async def away() -> None:
    raise StoreUnavailable("postgresql://u:pw@10.0.0.7 does not answer")


async def broken() -> None:
    raise KeyError("secret")


def a_healthy_face(health: Health, known: Known | None = None) -> ASGIApp:
    return a_face(Access(chain=known or Known()), routes=health.routes(), public=PUBLIC)


async def test_a_process_is_ready_while_all_checks_pass() -> None:
    async with a_client(a_healthy_face(Health({"store": fine}))) as client:
        live, ready = await client.get("/livez"), await client.get("/readyz")

    assert (200, {"status": "ok"}) == (live.status_code, live.json())
    assert (200, {"status": "ok"}) == (ready.status_code, ready.json())


async def test_it_lives_but_is_not_ready_while_a_check_fails_and_strangers_are_not_told_which() -> None:
    async with a_client(a_healthy_face(Health({"store": away, "cache": fine, "code": broken}))) as client:
        live, stranger = await client.get("/livez"), await client.get("/readyz")
        known = await client.get("/readyz", headers={"X-API-Key": "bob-key"})

    assert (200, 503, {"status": "unavailable"}) == (live.status_code, stranger.status_code, stranger.json())
    assert {"store": "store_unavailable", "cache": "ok", "code": "KeyError"} == {
        name: check["status"] for name, check in known.json()["checks"].items()
    }
    assert "10.0.0.7" not in known.text
    assert "secret" not in known.text


async def test_checks_that_hang_are_given_up_together_after_their_time() -> None:
    begun, given_up = list[int](), list[int]()

    async def hangs() -> None:
        begun.append(len(given_up))
        try:
            await asyncio.sleep(60)
        finally:
            given_up.append(len(begun))

    health = Health({str(number): hangs for number in range(5)}, seconds=0.1)
    async with a_client(a_healthy_face(health)) as client:
        answer = await client.get("/readyz", headers={"X-API-Key": "bob-key"})

    assert ([0] * 5, [5] * 5) == (begun, given_up)
    assert "no answer within 0.1 s" == answer.json()["checks"]["4"]["status"]


async def test_while_accounts_are_away_health_is_told_all_the_same() -> None:
    known = Known(fails=StoreUnavailable("away"))
    async with a_client(a_healthy_face(Health({"store": fine}), known)) as client:
        headers = {"X-API-Key": "bob-key"}
        live, ready = await client.get("/livez", headers=headers), await client.get("/readyz", headers=headers)

    assert (200, 200, {"status": "ok"}) == (live.status_code, ready.status_code, ready.json())


async def test_a_draining_process_wants_no_work() -> None:
    health = Health({"store": fine})
    async with a_client(a_healthy_face(health)) as client:
        health.drain()
        answer = await client.get("/readyz")

    assert (503, {"status": "draining"}) == (answer.status_code, answer.json())


async def test_without_accounts_a_balancer_elsewhere_gets_its_answer_too() -> None:
    face = a_face(None, routes=Health({"store": fine}).routes(), public=PUBLIC)
    async with a_client(face, peer="10.0.0.1") as elsewhere, a_client(face) as here:
        assert {"status": "ok"} == (await elsewhere.get("/readyz")).json()
        assert "checks" in (await here.get("/readyz")).json()


async def test_however_many_ask_the_store_is_asked_once_a_second() -> None:
    asked, clock = 0, FakeClock()

    async def count() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)

    async with a_client(a_healthy_face(Health({"store": count}, clock=clock))) as client:
        await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
        await client.get("/readyz")
        first = asked
        clock.advance(1)
        await client.get("/readyz")

    assert (1, 2) == (first, asked)
