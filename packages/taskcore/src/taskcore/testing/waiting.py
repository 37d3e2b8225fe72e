"""Waiting for facts, never for time."""

import asyncio
import time
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

_PAUSE = 0.005


async def eventually(fact: Callable[[], Any], within: float = 30.0) -> Any:
    """Ask ``fact``, a function or coroutine function, every 5 ms until it answers something true, and return that.

    Raises:
        AssertionError: it did not come true within so many seconds.
    """
    deadline = time.monotonic() + within
    while True:
        answer = fact()
        value = await answer if isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{fact!r} did not come true within {within} s; last it was {value!r}")
        await asyncio.sleep(_PAUSE)
