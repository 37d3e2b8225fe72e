"""A uvicorn that ends as a command does, and whose garbage collections are short.

``lapinq.cli.listening`` is its twin.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from taskcore.errors import TaskcoreError

from taskmq.cli.failures import ExitCode, Failure

LAST_ANSWERS = 5
"""Seconds that open requests get when the server stops."""
TURN = 0.001
"""Seconds after which a busy thread lets another one on. The one that writes to SQLite asks for its turn at every step,
and all who wait for a commit wait with it."""
YOUNG = 20_000
"""New objects after which garbage is looked for: so many belong to requests that are under way, and are none."""


def serve(
    app: ASGIApp, host: str, port: int, *, access_log: bool, warm_up: Callable[[], Awaitable[object]]
) -> ExitCode:
    """Answer until a signal comes, and tell how that ends the command: a second one cuts off what is still open.

    Args:
        warm_up: called once the server answers; afterwards all that is there counts as made for good.

    Raises:
        Failure: it cannot listen there.
    """
    logs = deepcopy(uvicorn.config.LOGGING_CONFIG)
    logs["handlers"]["access"]["stream"] = "ext://sys.stderr"
    # Nobody's forwarding headers are believed here; the web kit decides, in one place.
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        proxy_headers=False,
        timeout_graceful_shutdown=LAST_ANSWERS,
        log_config=logs,
        access_log=access_log,
    )
    server = _Server(config, warm_up)
    sys.setswitchinterval(TURN)
    with suppress(SystemExit):  # it could not start, and has logged why
        server.run()
    if not server.started:
        raise Failure(f"cannot listen at {host}:{port}", hint="choose another address with --host and --port")
    return ExitCode.INTERRUPTED if server.stopped_by == signal.SIGINT else ExitCode.OK


class _Server(uvicorn.Server):
    stopped_by: int | None = None

    def __init__(self, config: uvicorn.Config, warm_up: Callable[[], Awaitable[object]]) -> None:
        super().__init__(config)
        self._warm_up = warm_up

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Without raising them again when all has ended: the process would die of a signal that it has obeyed."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit, self.stopped_by = True, sig

    async def main_loop(self) -> None:
        settling = asyncio.create_task(self._settle())
        try:
            await super().main_loop()
        finally:
            settling.cancel()

    async def _settle(self) -> None:
        """Look at what was loaded for the last time. It is never garbage, and a collection that goes through all of it
        holds up every request for a tenth of a second."""
        with suppress(TaskcoreError):  # whoever asks for it later is told
            await self._warm_up()
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
