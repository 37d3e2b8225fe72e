"""What a type checker knows of declared functions: mypy reads this file, and an ``ignore`` without need fails it."""

from collections.abc import Callable, Coroutine
from typing import Any, assert_type
from uuid import UUID

from lapinq import AsyncTaskQueue, TaskQueue, TaskRef

queue = TaskQueue("http://nobody.example")
async_queue = AsyncTaskQueue("http://nobody.example")


@queue.task
def bare(text: str, times: int = 1) -> str:
    return text * times


@queue.task("with options", "video", max_retries=5, ttl_seconds=60)
def called(number: int) -> list[int]:
    return [number]


@async_queue.task()
async def fetched(url: str) -> bytes:
    return url.encode()


@async_queue.task
def plain(flag: bool) -> None: ...


def checked_by_mypy() -> None:
    assert_type(bare("a"), str)
    assert_type(bare.task_name, str)
    assert_type(bare.queue("a", times=2), TaskRef[str])
    assert_type(bare.options(priority=3).queue("a").get(), str)
    assert_type(called.queue(1).raise_for_status().get(), list[int])
    assert_type(queue.enqueue_in(None, bare, "a", times=2), UUID | None)
    assert_type(queue.enqueue_in(None, fetched.options(priority=1), "a"), UUID | None)
    assert_type(queue.list_tasks(), list[dict[str, Any]])

    bare.queue(1)  # type: ignore[arg-type]
    bare.queue("a", 2, 3)  # type: ignore[call-arg]
    called.queue()  # type: ignore[call-arg]
    called.options(prio=1)  # type: ignore[call-arg]
    called.options(priority="high")  # type: ignore[arg-type]
    queue.task(max_retry=3)  # type: ignore[call-overload]
    queue.task("name", 3)  # type: ignore[call-overload]
    queue.enqueue_in(None, bare, 7)  # type: ignore[arg-type]


async def checked_by_mypy_too() -> None:
    unawaited: Coroutine[Any, Any, bytes] = fetched("a")
    unawaited.close()
    assert_type(await fetched("a"), bytes)
    assert_type(await fetched.aqueue("a"), TaskRef[bytes])
    assert_type(await (await fetched.options(retry_delay=3).aqueue(url="a")).aget(), bytes)
    assert_type(await (await plain.aqueue(True)).aget(), None)
    assert_type(await async_queue.enqueue_in(None, bare, "a"), UUID | None)

    await fetched.aqueue(7)  # type: ignore[arg-type]
    await plain.aqueue(None)  # type: ignore[arg-type]


def test_declared_functions_are_what_they_were() -> None:
    functions: list[tuple[Callable[..., Any], str]] = [(bare, "bare"), (called, "with options"), (plain, "plain")]

    assert ["aa", [1], None] == [bare("a", 2), called(1), plain(True)]
    assert [name for _, name in functions] == [getattr(function, "task_name", None) for function, _ in functions]
    assert ["bare", "called", "plain"] == [function.__name__ for function, _ in functions]
