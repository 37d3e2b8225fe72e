"""What a worker says when it is told to stop: a sentence on a terminal, the lines that scripts know elsewhere."""

import signal
import sys
from contextlib import suppress
from datetime import timedelta


def say(received: signal.Signals, times: int, *, active: int, running: int, grace: timedelta) -> None:
    """Say it on stdout.

    Args:
        times: how often it has been told.
        active: jobs that it holds, of which so many are ``running``.
    """
    with suppress(OSError, ValueError):  # nobody reads it any more, or not in letters such as these
        person = sys.stdout.isatty()
        sys.stdout.write(_to_person(times, running, grace) if person else _to_script(received, active))
        sys.stdout.flush()


def _to_person(times: int, running: int, grace: timedelta) -> str:
    jobs = f"{running} running job{'' if running == 1 else 's'}"
    if times > 1:
        return f"Aborting {jobs}, to be run again by others...\n"
    if not running:
        return "Stopping worker...\n"
    return f"Stopping worker... waiting up to {grace.total_seconds():g} s for {jobs} (Ctrl+C again to abort)\n"


def _to_script(received: signal.Signals, active: int) -> str:
    return (
        f"\n🛑 Received signal {received.value}. Initiating graceful shutdown...\n"
        f"Waiting for {active} active jobs to complete...\n"
    )
