"""A handler within its middlewares."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from taskmq.hooks import CallNext, Middleware
from taskmq.job import Job


def awaited(function: CallNext, middlewares: Sequence[Middleware]) -> CallNext:
    """A coroutine function within those middlewares that are coroutine functions, too."""
    return _within(function, [each for each in middlewares if inspect.iscoroutinefunction(each)])


def called(function: CallNext, middlewares: Sequence[Middleware], job: Job) -> Any:
    """Call a plain function, which may return a coroutine, within all middlewares."""
    outer = [each for each in middlewares if inspect.iscoroutinefunction(each)]
    inner = _within(function, [each for each in middlewares if each not in outer])
    value = _within(partial(_result, inner), outer)(job) if outer else inner(job)
    return asyncio.run(value) if inspect.iscoroutine(value) else value


async def _result(function: CallNext, job: Job) -> Any:
    value = function(job)
    return await value if inspect.iscoroutine(value) else value


def _within(function: CallNext, middlewares: Sequence[Middleware]) -> CallNext:
    for middleware in reversed(middlewares):
        function = _around(middleware, function)
    return function


def _around(middleware: Middleware, call_next: CallNext) -> Callable[[Job], Any]:
    return lambda job: middleware(job, call_next)
