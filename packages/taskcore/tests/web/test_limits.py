"""Who asks too often waits, each caller on their own account."""

from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp
from taskcore.ratelimit import MemoryWindows, Rate, RateLimiter
from taskcore.testing import FakeClock
from taskcore.web.access import Access
from taskcore.web.limits import RateLimits
from taskcore.web.problems import exception_handlers
from taskcore.web.stack import protected

from .faces import BOB, ROUTES, Known, a_client


def a_limited_face(rate: str, clock: FakeClock, **options: Any) -> ASGIApp:
    limiter = RateLimiter(MemoryWindows(clock), Rate.parse(rate), clock=clock)
    return Starlette(
        routes=ROUTES,
        middleware=[
            *protected(Access(chain=Known(keys={"bob-key": BOB, "eve-key": replace(BOB, credential="k3")}))),
            Middleware(RateLimits, limiter=limiter, **options),
        ],
        exception_handlers=exception_handlers(),
    )


async def test_a_caller_over_the_rate_waits_until_the_window_has_room() -> None:
    clock = FakeClock()
    async with a_client(a_limited_face("2/minute", clock)) as client:
        first = await client.get("/who", headers={"X-API-Key": "bob-key"})
        clock.advance(20)
        await client.get("/who", headers={"X-API-Key": "bob-key"})
        third = await client.get("/who", headers={"X-API-Key": "bob-key"})
        clock.advance(40)
        later = await client.get("/who", headers={"X-API-Key": "bob-key"})

    assert [200, 429, 200] == [answer.status_code for answer in (first, third, later)]
    assert ("2", "1") == (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"])
    assert ("40", "0", "40") == (
        third.headers["retry-after"],
        third.headers["ratelimit-remaining"],
        third.headers["ratelimit-reset"],
    )
    assert ("rate_limited", "2;w=60") == (third.json()["code"], third.headers["ratelimit-policy"])


async def test_callers_behind_one_address_do_not_wait_for_each_other_and_wrong_keys_count_for_the_address() -> None:
    face = a_limited_face("2/minute", FakeClock())
    async with a_client(face) as client:
        wrong = [(await client.get("/who", headers={"X-API-Key": f"wrong-{n}"})).status_code for n in range(3)]
        right = await client.get("/who", headers={"X-API-Key": "bob-key"})
        await client.get("/who", headers={"X-API-Key": "bob-key"})
        other = await client.get("/who", headers={"X-API-Key": "eve-key"})
    async with a_client(face, peer="203.0.113.9") as client:
        elsewhere = await client.get("/who")

    assert [200, 200, 429] == wrong
    assert [200, 200, 200] == [right.status_code, other.status_code, elsewhere.status_code]


async def test_exempt_paths_are_not_counted() -> None:
    async with a_client(a_limited_face("1/minute", FakeClock(), exempt=("/who",))) as client:
        answers = [await client.get("/who") for _ in range(3)]

    assert [200] * 3 == [answer.status_code for answer in answers]
    assert "ratelimit-limit" not in answers[0].headers
