"""A uvicorn that ends as a command does, and whose garbage collections are short.

``taskmq.cli.listening`` is its twin.
"""

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from lapinq.cli.failures import ExitCode, Failure

LAST_ANSWERS = 5
"""Seconds that open requests get when the server stops."""


def serve(app: ASGIApp, host: str, port: int) -> ExitCode:
    """Answer until a signal comes, as any server does that is told to stop; a second one cuts off what is still open.

    Raises:
        Failure: it cannot listen there.
    """
    # Nobody's forwarding headers are believed here; the web kit decides, in one place.
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        proxy_headers=False,
        timeout_graceful_shutdown=LAST_ANSWERS,
        log_config=None,
        lifespan="on",
    )
    server = _Server(config)
    with suppress(SystemExit):  # it could not start, and has logged why
        server.run()
    if not server.started:
        raise Failure(f"cannot listen at {host}:{port}", hint="choose another address with --host and --port")
    return ExitCode.OK


class _Server(uvicorn.Server):
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
        self.should_exit = True

    async def main_loop(self) -> None:
        # What was loaded is never garbage, and a collection that goes through all of it holds up every request.
        gc.collect()
        gc.freeze()
        await super().main_loop()
