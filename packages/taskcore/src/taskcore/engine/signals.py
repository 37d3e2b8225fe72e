"""SIGTERM and SIGINT for a process whose job is to work."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_signals(stop: Callable[[signal.Signals, int], None]) -> Iterator[None]:
    """Call ``stop(signal, times)`` in the running loop, ``times`` counting from 1; the second one should force.

    Handlers that were there before come back afterwards. Outside of the main thread, where Python handles no signals,
    this does nothing.
    """
    loop = asyncio.get_running_loop()
    times = 0

    def handle(received: signal.Signals) -> None:
        nonlocal times
        times += 1
        stop(received, times)

    installed = []
    for number in SIGNALS:
        before = signal.getsignal(number)
        try:
            loop.add_signal_handler(number, handle, number)
        except (RuntimeError, ValueError, NotImplementedError):
            continue
        installed.append((number, before))
    try:
        yield
    finally:
        for number, before in installed:
            loop.remove_signal_handler(number)
            signal.signal(number, before)
