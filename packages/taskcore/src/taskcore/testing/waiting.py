"""Waiting for facts, never for time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.005


async def eventually(fact: Callable[[], T | Awaitable[T]], within: float = 5.0) -> T:
    """Ask ``fact`` every 5 ms until it answers something true, and return that.

    Raises:
        AssertionError: it did not come true within so many seconds.
    """
    deadline = time.monotonic() + within
    while True:
        answer = fact()
        value: T = await answer if isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{fact!r} did not come true within {within} s; last it was {value!r}")
        await asyncio.sleep(_PAUSE)
