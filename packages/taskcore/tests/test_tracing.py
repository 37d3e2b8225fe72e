"""From the request that puts a task, over its attempts, to the tasks that they put."""

import asyncio
import pickle
from collections.abc import Sequence
from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, TraceState
from taskcore.adapters.memory import MemoryStore
from taskcore.clock import SystemClock
from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.engine.options import WorkerOptions
from taskcore.engine.worker import Worker
from taskcore.models import TaskSpec
from taskcore.models.task import MAX_TRACE
from taskcore.retry import Fixed, RetryPolicy
from taskcore.testing import a_task
from taskcore.tracing import Tracing, current_trace

SECRET = "tr0ub4dor"
TWICE = RetryPolicy(max_attempts=2, backoff=Fixed(0.0))


class Bench:
    """A store, handlers, and what was recorded of them."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing("shop", provider=self.provider)
        self.store = MemoryStore(SystemClock())
        self.queue = self.tracing.queue(self.store)
        self.handlers: dict[str, Handler] = {}

    def handle(self, function: object, mode: Mode = Mode.ASYNC, **fields: object) -> None:
        name = function.__name__  # type: ignore[attr-defined]
        self.handlers[name] = Handler(name=name, function=function, mode=mode, **fields)  # type: ignore[arg-type]

    async def drain(self) -> None:
        options = WorkerOptions(stop_grace=timedelta(seconds=0.2))
        async with asyncio.timeout(20):
            await Worker(self.store, self.tracing.handlers(self.handlers), options=options).run(until_idle=True)

    def spans(self, name: str) -> Sequence[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def span(self, name: str) -> ReadableSpan:
        (span,) = self.spans(name)
        return span


@pytest.fixture
def bench() -> Bench:
    return Bench()


def place_of(span: ReadableSpan) -> tuple[int, int]:
    """Trace and span."""
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def trace_of(span: ReadableSpan) -> int:
    return place_of(span)[0]


def links_of(span: ReadableSpan) -> list[tuple[int, int]]:
    return [(link.context.trace_id, link.context.span_id) for link in span.links]


async def test_a_task_carries_the_trace_of_its_producer_to_a_trace_of_its_own(bench: Bench) -> None:
    async def send(context: TaskContext) -> None: ...

    bench.handle(send)
    with bench.provider.get_tracer("web").start_as_current_span("POST /orders"):
        (receipt,) = await bench.queue.put([a_task("send", queue="default")])
    await bench.drain()

    request, put, run = bench.span("POST /orders"), bench.span("enqueue send"), bench.span("run send")
    assert (SpanKind.PRODUCER, SpanKind.CONSUMER) == (put.kind, run.kind)
    assert put.parent is not None
    assert place_of(request) == (put.parent.trace_id, put.parent.span_id)
    assert run.parent is None
    assert trace_of(run) != trace_of(put)
    assert [place_of(put)] == links_of(run)
    assert {
        "messaging.system": "shop",
        "messaging.operation.type": "process",
        "messaging.operation.name": "run",
        "messaging.destination.name": "default",
        "messaging.message.id": str(receipt.task),
        "taskcore.task.name": "send",
        "taskcore.task.attempt": 1,
    } == {key: value for key, value in (run.attributes or {}).items() if key != "taskcore.worker"}
    assert str(receipt.task) == (put.attributes or {})["messaging.message.id"]


async def test_every_attempt_links_to_the_producer(bench: Bench) -> None:
    async def send(context: TaskContext) -> None:
        if context.task.attempt == 1:
            raise ValueError("once")

    bench.handle(send, retry=TWICE)
    await bench.queue.put([a_task("send")])
    await bench.drain()

    first, second = bench.spans("run send")
    put = bench.span("enqueue send")
    assert [[place_of(put)], [place_of(put)]] == [links_of(first), links_of(second)]
    assert 3 == len({trace_of(span) for span in (first, second, put)})
    assert (StatusCode.ERROR, StatusCode.UNSET) == (first.status.status_code, second.status.status_code)


@pytest.mark.parametrize("mode", [Mode.ASYNC, Mode.THREAD])
async def test_tasks_that_a_handler_puts_belong_to_its_attempt(bench: Bench, mode: Mode) -> None:
    if mode is Mode.ASYNC:

        async def outer(context: TaskContext) -> None:
            await bench.queue.put([a_task("inner")])

        bench.handle(outer)
    else:

        def outer(context: TaskContext) -> None:  # type: ignore[misc]
            asyncio.run(bench.queue.put([a_task("inner")]))

        bench.handle(outer, mode)

    async def inner(context: TaskContext) -> None: ...

    bench.handle(inner)
    await bench.queue.put([a_task("outer")])
    await bench.drain()

    put = bench.span("enqueue inner")
    assert trace_of(bench.span("run outer")) == trace_of(put)
    assert [place_of(put)] == links_of(bench.span("run inner"))


async def test_errors_are_recorded_without_their_secrets(bench: Bench) -> None:
    async def send(context: TaskContext) -> None:
        raise ValueError(f"cannot reach smtp://app:{SECRET}@mail")

    bench.handle(send, retry=RetryPolicy(max_attempts=1))
    await bench.queue.put([a_task("send")])
    await bench.drain()

    run = bench.span("run send")
    (event,) = run.events
    recorded = f"{run.status.description} {dict(event.attributes or {})} {dict(run.attributes or {})}"
    assert SECRET not in recorded
    assert "ValueError: cannot reach smtp://app:***@mail" in recorded
    assert "ValueError" == (run.attributes or {})["error.type"]


async def test_a_handler_that_ran_too_long_failed_of_that(bench: Bench) -> None:
    async def send(context: TaskContext) -> None:
        await asyncio.Event().wait()

    bench.handle(send, retry=RetryPolicy(max_attempts=1), timeout=timedelta(seconds=0.05))
    await bench.queue.put([a_task("send")])
    await bench.drain()

    assert "TaskTimeout" == (bench.span("run send").attributes or {})["error.type"]


async def test_a_task_given_back_by_a_worker_that_stops_is_no_error(bench: Bench) -> None:
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def send(context: TaskContext) -> None:
        loop.call_soon_threadsafe(began.set)
        await asyncio.Event().wait()

    bench.handle(send)
    await bench.queue.put([a_task("send")])
    options = WorkerOptions(grace=timedelta(seconds=0.01))
    worker = Worker(bench.store, bench.tracing.handlers(bench.handlers), options=options)
    async with asyncio.timeout(10):
        running = asyncio.create_task(worker.run())
        await began.wait()
        worker.stop()
        await running

    run = bench.span("run send")
    assert StatusCode.UNSET is run.status.status_code
    assert (run.attributes or {})["taskcore.task.released"] is True


async def test_many_tasks_share_one_span_and_one_that_brings_a_trace_keeps_it(bench: Bench) -> None:
    theirs = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"

    receipts = await bench.queue.put([a_task("a"), a_task("b", trace=theirs)])

    put = bench.span("enqueue")
    records = [await bench.store.get(receipt.task) for receipt in receipts]
    first, second = [record.trace if record else None for record in records]
    assert theirs == second
    assert f"00-{trace_of(put):032x}-" == (first or "")[:36]
    assert 2 == (put.attributes or {})["messaging.batch.message_count"]


async def test_text_that_is_no_trace_leads_nowhere_and_stops_nothing(bench: Bench) -> None:
    async def send(context: TaskContext) -> None: ...

    bench.handle(send)
    await bench.store.put(
        [TaskSpec(name="send", trace=text) for text in ("nonsense", "00-0-0-0 a=b", "00-" + "z" * 52)]
    )
    await bench.drain()

    assert [0, 0, 0] == [len(span.links) for span in bench.spans("run send")]


async def test_the_state_of_a_trace_travels_along_unless_it_is_too_long(bench: Bench) -> None:
    async def put_with(state: TraceState) -> str | None:
        span = bench.provider.get_tracer("web").start_span("x").get_span_context()
        parent = trace.SpanContext(span.trace_id, span.span_id, True, span.trace_flags, state)
        with trace.use_span(trace.NonRecordingSpan(parent)):
            (receipt,) = await bench.queue.put([a_task("send")])
        record = await bench.store.get(receipt.task)
        return record.trace if record else None

    short = await put_with(TraceState([("vendor", "x1")]))
    long = await put_with(TraceState([(f"vendor{n}", "x" * 200) for n in range(5)]))

    assert (short or "").endswith(" vendor=x1")
    assert 55 == len(long or "") < MAX_TRACE


async def test_a_put_that_is_refused_is_an_error_of_its_span(bench: Bench) -> None:
    (receipt,) = await bench.queue.put([a_task("send")])

    with pytest.raises(ValueError, match=str(receipt.task)):
        await bench.queue.put([a_task("send", id=receipt.task)])

    assert "InvalidInput" == (bench.spans("enqueue send")[1].attributes or {})["error.type"]


async def test_without_an_sdk_nothing_is_recorded_and_tasks_run_as_ever() -> None:
    store, done, tracing = MemoryStore(SystemClock()), list[str](), Tracing()

    async def send(context: TaskContext) -> None:
        done.append(context.task.name)

    await tracing.queue(store).put([a_task("send")])
    handlers = tracing.handlers({"send": Handler(name="send", function=send, mode=Mode.ASYNC)})
    async with asyncio.timeout(10):
        await Worker(store, handlers).run(until_idle=True)

    assert ["send"] == done
    assert current_trace() is None


def test_an_unknown_handler_stays_unknown_and_a_replaced_one_is_traced_anew(bench: Bench) -> None:
    source = bench.tracing.handlers(bench.handlers)

    async def send(context: TaskContext) -> None: ...

    bench.handle(send)
    first = source.get("send")

    assert source.get("missing") is None
    assert first is source.get("send")
    bench.handle(send)
    assert first is not source.get("send")


def module_level(context: TaskContext) -> str:
    return "done"


async def test_handlers_of_child_processes_pickle_and_run(bench: Bench) -> None:
    bench.handle(module_level, Mode.PROCESS)
    traced = bench.tracing.handlers(bench.handlers).get("module_level")
    assert traced is not None
    assert pickle.loads(pickle.dumps(traced)).name == "module_level"

    (receipt,) = await bench.queue.put([a_task("module_level")])
    await bench.drain()

    record = await bench.store.get(receipt.task)
    assert record is not None
    assert '"done"' == record.result
