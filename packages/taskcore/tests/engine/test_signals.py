"""Signals reach ``stop``, counted; the handlers that were there before come back."""

import asyncio
import os
import signal
import threading

from taskcore.engine.signals import on_signals
from taskcore.testing import eventually


async def test_each_signal_is_counted_and_the_old_handlers_return() -> None:
    before = signal.getsignal(signal.SIGTERM)
    heard: list[tuple[signal.Signals, int]] = []

    with on_signals(lambda number, times: heard.append((number, times))):
        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: len(heard) == 1)
        os.kill(os.getpid(), signal.SIGINT)
        await eventually(lambda: len(heard) == 2)

    assert [(signal.SIGTERM, 1), (signal.SIGINT, 2)] == heard
    assert before == signal.getsignal(signal.SIGTERM)


async def test_outside_of_the_main_thread_signals_are_left_alone() -> None:
    entered: list[bool] = []

    async def enter() -> None:
        with on_signals(lambda number, times: None):
            entered.append(True)

    thread = threading.Thread(target=lambda: asyncio.run(enter()))
    thread.start()
    await asyncio.to_thread(thread.join)

    assert [True] == entered
