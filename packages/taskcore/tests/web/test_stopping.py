"""A server with open streams stops when it is told to, and idle streams cost next to nothing."""

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from taskcore.testing import eventually

from .listening import listening
from .serving import process

PROGRAM = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from taskcore.web.sse import Broadcaster
from taskcore.web.stack import protected

broadcaster = Broadcaster(most_streams=100, keep_alive=3)

async def events(request):
    return broadcaster.stream(request)

async def streams(request):
    return PlainTextResponse(str(broadcaster.streams))

dashboard = Starlette(routes=[Route("/events", events), Route("/streams", streams)], middleware=protected(None))
app = Starlette(routes=[Mount("/below", dashboard)])  # so nobody runs the dashboard's own lifespan
"""


def processor_seconds(process: int) -> float:
    """What it has used so far, as Linux counts it."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_open_streams_do_not_keep_a_server_that_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with process(PROGRAM, tmp_path) as (child, url):
        async with AsyncExitStack() as stack:
            listeners = [await stack.enter_async_context(listening(f"{url}/below/events")) for _ in range(5)]
            started = time.monotonic()
            child.send_signal(number)

            for listener in listeners:
                assert ["bye"] == [event.event for event in await listener.rest(seconds=2)]
            await eventually(lambda: child.poll() is not None, within=2)

    assert time.monotonic() - started < 2
    assert child.returncode in (0, -number)


async def test_a_server_stops_as_usual_after_its_streams_have_ended(tmp_path: Path) -> None:
    with process(PROGRAM, tmp_path) as (child, url):
        async with listening(f"{url}/below/events"):
            pass
        await asyncio.sleep(0.2)  # the server has forgotten the stream, and with it the handler of signals
        child.terminate()

        await eventually(lambda: child.poll() is not None, within=2)


async def test_fifty_idle_streams_take_less_than_two_percent_of_a_processor(tmp_path: Path) -> None:
    with process(PROGRAM, tmp_path) as (child, url):
        async with AsyncExitStack() as stack:
            for _ in range(50):
                await stack.enter_async_context(listening(f"{url}/below/events"))
            await asyncio.sleep(0.5)  # what opening them cost is over
            before, started = processor_seconds(child.pid), time.monotonic()
            await asyncio.sleep(5)  # a processor's ticks are 10 ms: long enough for one percent to be five
            used = (processor_seconds(child.pid) - before) / (time.monotonic() - started)

    assert used < 0.02, f"{used:.1%}"
