"""How many jobs a second one process of ``taskmq serve-api`` takes, as wrk counts them, and how long each waits.

``python -m benchmarks.rest [SECONDS] [CONNECTIONS]`` prints a table; a bar that is missed is marked, and the exit code
is 1. Beside it the public release does the same with its own command, out of its own environment.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.laps import LapFailed
from benchmarks.peers.environments import interpreter

SECONDS, CONNECTIONS = 10, 64
BAR = 1_500
"""Jobs a second."""
SECRET = "a secret of this benchmark, which is long enough"  # noqa: S105 - of a queue that is thrown away
RELEASE = "task-mq==0.1.2"
START = 60.0
"""Seconds that a server may take to begin."""

_SCRIPT = """
wrk.method = "POST"
wrk.body = '{"payload": {"to": "ada@example.org", "n": 1}, "handler": "dummy", "priority": 10}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
"""
_FACTS = {
    "rate": re.compile(r"Requests/sec:\s+([\d.]+)"),
    "p50": re.compile(r"50%\s+([\d.]+)(us|ms|s)"),
    "p99": re.compile(r"99%\s+([\d.]+)(us|ms|s)"),
}
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Found:
    """Requests a second, milliseconds of the median and of the slowest of a hundred, and requests that failed."""

    rate: float
    p50: float
    p99: float
    refused: int


@contextmanager
def served(taskmq: Path, folder: Path, port: int) -> Iterator[str]:
    """Run ``taskmq serve-api`` in an empty folder until the block ends; the block gets its address."""
    env = os.environ | {"TASKMQ_JWT_SECRET": SECRET, "TASKMQ_BACKEND": "sqlite"}
    command = [str(taskmq), "serve-api", *(("--port", str(port)) if port != 8000 else ())]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _until_it_answers(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _until_it_answers(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while not _answers(address):
        if server.poll() is not None or time.monotonic() > deadline:
            raise LapFailed(f"the server at {address} did not start")
        time.sleep(0.1)


def _answers(address: str) -> bool:
    try:
        httpx.get(f"{address}/health", timeout=5)
    except httpx.TransportError:
        return False
    return True


def measured(address: str, folder: Path, seconds: int, connections: int) -> Found:
    """What wrk found, after two seconds to warm up."""
    script = folder / "post.lua"
    script.write_text(_SCRIPT, encoding="utf-8")
    claims = {"sub": "bench", "role": "admin", "exp": int(time.time()) + 3600}
    env = os.environ | {"TOKEN": jwt.encode(claims, SECRET, algorithm="HS256")}
    command = ["wrk", "-t1", f"-c{connections}", "--latency", "-s", str(script), f"{address}/add-job"]
    subprocess.run([*command, "-d2"], env=env, capture_output=True, check=True)
    said = subprocess.run([*command, f"-d{seconds}"], env=env, capture_output=True, text=True, check=True).stdout
    found = {name: pattern.search(said) for name, pattern in _FACTS.items()}
    rate, p50, p99 = found["rate"], found["p50"], found["p99"]
    if rate is None or p50 is None or p99 is None:
        raise LapFailed(f"wrk said something else than expected: {said}")
    refused = _REFUSED.search(said)
    times = [float(each[1]) * _MILLISECONDS[each[2]] for each in (p50, p99)]
    return Found(float(rate[1]), times[0], times[1], int(refused[1]) if refused else 0)


def contestants() -> Iterator[tuple[str, Path, int]]:
    """Name, command, and port: the public release has one port, and no option for another."""
    yield "taskmq", Path(sys.executable).with_name("taskmq"), 8017
    yield RELEASE, interpreter("taskmq-rest", [RELEASE]).with_name("taskmq"), 8000


def main(seconds: int, connections: int) -> int:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    table = Table(f"POST /add-job, {connections} connections", "jobs/s", "p50 ms", "p99 ms", "bar", box=SIMPLE_HEAD)
    missed = 0
    for name, command, port in contestants():
        bar = BAR if name == "taskmq" else None
        with tempfile.TemporaryDirectory() as folder, served(command, Path(folder), port) as address:
            found = measured(address, Path(folder), seconds, connections)
        is_missed = bar is not None and (found.rate < bar or found.refused > 0)
        missed += is_missed
        refused = f" ({found.refused:,} refused)" if found.refused else ""
        told = "" if bar is None else f"{bar:,}{' missed' if is_missed else ''}"
        table.add_row(name, f"{found.rate:,.0f}{refused}", f"{found.p50:.1f}", f"{found.p99:.1f}", told)
    Console().print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    sys.exit(main(*(given + [SECONDS, CONNECTIONS][len(given) :])))
