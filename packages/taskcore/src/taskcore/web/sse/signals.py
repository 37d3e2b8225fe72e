"""Streams that never end keep a server from stopping: it waits for them before it tells the application anything.

So the signal that stops the server is heard here too, and passed on to whoever handled it before.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Handler = Callable[[int, FrameType | None], object]

_listeners: list[Callable[[], None]] = []
_installed: dict[int, tuple[Handler, Handler]] = {}  # ours, and whose place it took


def listen(on_signal: Callable[[], None]) -> None:
    """Call ``on_signal``, inside a signal handler, when the process is asked to stop, until ``forget`` is called.

    Nothing is heard outside of the main thread, where no handlers can be set, and where nobody else handles the
    signal: the default of ending at once is not held up.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    _listeners.append(on_signal)
    for number in _SIGNALS:
        current = signal.getsignal(number)
        if callable(current) and not _is_ours(number, current):
            handler = _before(current)
            _installed[number] = handler, current
            signal.signal(number, handler)


def forget(on_signal: Callable[[], None]) -> None:
    """The end of ``listen``. Whoever has set a handler meanwhile keeps it, and may go on to call ours to no effect."""
    if on_signal in _listeners:
        _listeners.remove(on_signal)
    if _listeners or threading.current_thread() is not threading.main_thread():
        return
    for number, (_, before) in _installed.items():
        if _is_ours(number, signal.getsignal(number)):
            signal.signal(number, before)
    _installed.clear()


def _is_ours(number: int, handler: object) -> bool:
    return number in _installed and handler is _installed[number][0]


def _before(current: Handler) -> Handler:
    """A handler that tells the listeners and then does what ``current`` does."""

    def handler(number: int, frame: FrameType | None) -> None:
        for on_signal in list(_listeners):
            on_signal()
        current(number, frame)

    return handler
