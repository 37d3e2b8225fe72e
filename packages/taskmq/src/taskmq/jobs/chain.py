"""A handler within its middlewares."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from types import CoroutineType
from typing import Any

from taskmq.hooks import CallNext, Middleware
from taskmq.job import Job


def awaited(function: CallNext, middlewares: Sequence[Middleware]) -> CallNext:
    """A coroutine function within those middlewares that are coroutine functions, too."""
    return _within(function, [each for each in middlewares if inspect.iscoroutinefunction(each)])


def called(function: CallNext, middlewares: Sequence[Middleware], job: Job) -> Any:
    """Call a plain function, which may return a coroutine, within all middlewares."""
    value = _whole(function, middlewares)(job) if middlewares else function(job)
    return asyncio.run(value) if isinstance(value, CoroutineType) else value


def _whole(function: CallNext, middlewares: Sequence[Middleware]) -> CallNext:
    outer = [each for each in middlewares if inspect.iscoroutinefunction(each)]
    inner = _within(function, [each for each in middlewares if each not in outer])
    return _within(partial(_result, inner), outer) if outer else inner


async def _result(function: CallNext, job: Job) -> Any:
    value = function(job)
    return await value if isinstance(value, CoroutineType) else value


def _within(function: CallNext, middlewares: Sequence[Middleware]) -> CallNext:
    for middleware in reversed(middlewares):
        function = _around(middleware, function)
    return function


def _around(middleware: Middleware, call_next: CallNext) -> Callable[[Job], Any]:
    return lambda job: middleware(job, call_next)
