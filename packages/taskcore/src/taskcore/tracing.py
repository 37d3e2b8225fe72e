"""Traces by OpenTelemetry: from whoever put a task to each attempt at it, and on to the tasks that it puts.

An attempt is the root of a trace of its own, with a *link* to the span that put the task: it may run days later and
many times over, and a request's trace must not stay open for that. Tasks that a handler puts belong to its attempt.

Only the API of OpenTelemetry is used. Without an SDK in the process nothing is recorded, and it costs next to nothing.
"""

import asyncio
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Function, Handler, HandlerSource, Mode
from taskcore.errors import MissingExtra, WorkerStopping
from taskcore.ids import TaskId
from taskcore.models import Receipt, TaskRecord, TaskSpec
from taskcore.models.task import MAX_TRACE
from taskcore.ports import TaskQueue
from taskcore.redaction import Redactor
from taskcore.states import TaskState

try:
    from opentelemetry import context as contexts
    from opentelemetry import trace
    from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as missing:
    raise MissingExtra("tracing needs the extra: pip install 'taskcore[tracing]'") from missing

_PROPAGATOR = TraceContextTextMapPropagator()


class Tracing:
    """What spans of one task system have in common.

    Args:
        system: ``messaging.system`` of its spans.
        provider: by default the process's own.
        redactor: what errors go through before they are recorded.
    """

    def __init__(
        self, system: str = "taskcore", *, provider: TracerProvider | None = None, redactor: Redactor | None = None
    ) -> None:
        self.system = system
        self._provider, self._redactor = provider, redactor or Redactor()

    def __getstate__(self) -> dict[str, Any]:
        """For handlers in child processes, which use the provider that their own process has."""
        return {"system": self.system, "_provider": None, "_redactor": self._redactor}

    @property
    def _tracer(self) -> Tracer:
        return trace.get_tracer("taskcore", tracer_provider=self._provider)

    def queue(self, queue: TaskQueue) -> "TracedQueue":
        """``queue`` for producers, with a span around each put."""
        return TracedQueue(queue, self)

    def handlers(self, handlers: HandlerSource) -> "TracedHandlers":
        """``handlers`` for a worker, with a span around each attempt."""
        return TracedHandlers(handlers, self)

    @contextmanager
    def enqueuing(self, specs: Sequence[TaskSpec]) -> Iterator[Span]:
        """The span of a producer; many tasks in one call share it."""
        names = {spec.name for spec in specs}
        queues = {spec.queue for spec in specs}
        attributes = self._attributes("send", "enqueue", queues.pop() if len(queues) == 1 else None)
        if len(specs) != 1:
            attributes["messaging.batch.message_count"] = len(specs)
        name = f"enqueue {names.pop()}" if len(names) == 1 else "enqueue"
        with self._span(name, SpanKind.PRODUCER, attributes) as span:
            try:
                yield span
            except Exception as error:
                self._failed(span, error)
                raise

    @contextmanager
    def running(self, context: TaskContext) -> Iterator[Span]:
        """The span of one attempt, around its handler."""
        task = context.task
        attributes = self._attributes("process", "run", task.queue) | {
            "messaging.message.id": str(task.id),
            "taskcore.task.name": task.name,
            "taskcore.task.attempt": task.attempt,
            "taskcore.worker": str(task.worker),
        }
        links = _links(task)
        with self._span(f"run {task.name}", SpanKind.CONSUMER, attributes, contexts.Context(), links) as span:
            try:
                yield span
            except BaseException as error:
                self._ended_badly(span, context, error)
                raise

    def _attributes(self, kind: str, name: str, queue: str | None) -> dict[str, str | int]:
        """Names of the semantic conventions for messaging; they are still in the making, so they stand here alone."""
        attributes: dict[str, str | int] = {
            "messaging.system": self.system,
            "messaging.operation.type": kind,
            "messaging.operation.name": name,
        }
        return attributes if queue is None else attributes | {"messaging.destination.name": queue}

    @contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, str | int],
        parent: contexts.Context | None = None,
        links: Sequence[Link] = (),
    ) -> Iterator[Span]:
        # The API would record errors as they are; ours are redacted first.
        with self._tracer.start_as_current_span(
            name,
            parent,
            kind,
            attributes,
            links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span

    def _ended_badly(self, span: Span, context: TaskContext, error: BaseException) -> None:
        cause = context.stopped_by or error
        if isinstance(cause, WorkerStopping):  # nobody's failure: the task goes back to the queue
            span.set_attribute("taskcore.task.released", True)
        elif cause is error or isinstance(error, asyncio.CancelledError):
            self._failed(span, cause)
        else:
            self._failed(span, error)

    def _failed(self, span: Span, error: BaseException) -> None:
        if not span.is_recording():
            return
        kind = type(error).__qualname__
        message = self._redactor.text(_text(error))
        span.set_status(Status(StatusCode.ERROR, f"{kind}: {message}"))
        span.set_attribute("error.type", kind)
        trace_text = "".join(traceback.format_exception(error)) if error.__traceback__ else ""
        span.add_event(
            "exception",
            {
                "exception.type": kind,
                "exception.message": message,
                "exception.stacktrace": self._redactor.text(trace_text),
            },
        )


class TracedQueue:
    """A ``TaskQueue`` whose tasks remember where they came from. One that brings a ``trace`` keeps it."""

    def __init__(self, queue: TaskQueue, tracing: Tracing) -> None:
        self._queue, self._tracing = queue, tracing

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        if not specs:
            return await self._queue.put(specs)
        with self._tracing.enqueuing(specs) as span:
            here = current_trace()
            if here is not None:
                specs = [spec if spec.trace else replace(spec, trace=here) for spec in specs]
            receipts = await self._queue.put(specs)
            if len(receipts) == 1:
                span.set_attribute("messaging.message.id", str(receipts[0].task))
            return receipts

    async def cancel(self, tasks: Sequence[TaskId]) -> Sequence[TaskState | None]:
        return await self._queue.cancel(tasks)

    async def replay(self, tasks: Sequence[TaskId]) -> Sequence[bool]:
        return await self._queue.replay(tasks)

    async def delete(self, tasks: Sequence[TaskId]) -> int:
        return await self._queue.delete(tasks)


class TracedHandlers:
    """A ``HandlerSource`` whose handlers run inside of spans. Those of child processes need an SDK there."""

    def __init__(self, handlers: HandlerSource, tracing: Tracing) -> None:
        self._handlers, self._tracing = handlers, tracing
        self._made: dict[str, tuple[Handler, Handler]] = {}

    def get(self, name: str) -> Handler | None:
        handler = self._handlers.get(name)
        if handler is None:
            return None
        made = self._made.get(name)
        if made is None or made[0] is not handler:
            kind = _TracedCoroutine if handler.mode is Mode.ASYNC else _TracedFunction
            made = self._made[name] = handler, replace(handler, function=kind(handler.function, self._tracing))
        return made[1]


class _TracedFunction:
    """A class, because handlers of child processes are pickled."""

    def __init__(self, function: Function, tracing: Tracing) -> None:
        self._function, self._tracing = function, tracing

    def __call__(self, context: TaskContext) -> Any:
        with self._tracing.running(context):
            return self._function(context)


class _TracedCoroutine(_TracedFunction):
    async def __call__(self, context: TaskContext) -> Any:
        with self._tracing.running(context):
            return await self._function(context)


def current_trace() -> str | None:
    """Where this code runs, as ``TaskSpec.trace`` keeps it; None outside of any trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    parent, state = carrier.get("traceparent"), carrier.get("tracestate", "")
    if parent is None:
        return None
    both = f"{parent} {state}"
    return both if state and state.isprintable() and len(both) <= MAX_TRACE else parent


def _links(task: TaskRecord) -> list[Link]:
    """To the span that put the task. Text that is no trace leads nowhere."""
    parent, _, state = (task.trace or "").partition(" ")
    context = _PROPAGATOR.extract({"traceparent": parent, "tracestate": state}, contexts.Context())
    put_by = trace.get_current_span(context).get_span_context()
    return [Link(put_by)] if put_by.is_valid else []


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:
        return f"<{type(error).__name__}.__str__ raised {type(broken).__name__}>"
