"""Imported by the demo's workers: a worker ends when the demo that started it is gone, even by ``kill -9``.

Only the one that the demo is about to kill, and has stopped for that, could be left standing by a blow in that moment.
"""

import os
import signal
import threading
import time

LOOK = 0.5
"""Seconds between two looks."""


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_watch, args=[os.getppid()], name="leash", daemon=True).start()
