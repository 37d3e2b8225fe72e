"""Streams that never end keep a server from stopping: it waits for them before it tells the application anything.

So the signal that stops the server is heard here too, and passed on to whoever handled it before.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_listeners: list[Callable[[], None]] = []
_before: dict[int, Callable[[int, FrameType | None], object]] = {}


def listen(on_signal: Callable[[], None]) -> None:
    """Call ``on_signal``, inside a signal handler, when the process is asked to stop, until ``forget`` is called.

    Nothing is heard outside of the main thread, where no handlers can be set, and where nobody else handles the
    signal: the default of ending at once is not held up.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    _listeners.append(on_signal)
    for number in _SIGNALS:
        before = signal.getsignal(number)
        if callable(before) and before is not _handle:
            _before[number] = before
            signal.signal(number, _handle)


def forget(on_signal: Callable[[], None]) -> None:
    """The end of ``listen``. A server that has stopped meanwhile restored its own handlers, and they stay."""
    if on_signal in _listeners:
        _listeners.remove(on_signal)
    if _listeners or threading.current_thread() is not threading.main_thread():
        return
    for number, before in _before.items():
        if signal.getsignal(number) is _handle:
            signal.signal(number, before)
    _before.clear()


def _handle(number: int, frame: FrameType | None) -> None:
    for on_signal in list(_listeners):
        on_signal()
    _before[number](number, frame)
