"""Measure and report: ``python -m benchmarks``, or ``uv run nox -s bench``."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks import memory, pickup, snapshot
from benchmarks.parts import ON, PEERS
from benchmarks.report import Measure, Report

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run, print, write; 1 when a bar is missed and ``--check`` was given."""
    asked = arguments()
    progress, out = Console(stderr=True), Console()
    parts = [ON[name] for name in asked.only]
    standings = {part.name: part.run(asked.jobs, asked.rounds, asked.peers, progress.print) for part in parts}
    report = Report(asked.jobs, standings, list(measures(asked, progress.print)))
    report.show(out)
    report.write(asked.json)
    out.print(f"Rates, versions and machine: {asked.json}", soft_wrap=True)
    return int(asked.check and bool(report.missed))


def measures(asked: argparse.Namespace, say: Callable[[str], None]) -> Iterator[Measure]:
    """What is not a rate, on the stores that were asked for."""
    for name in [name for name in ("postgres", "redis") if name in asked.only]:
        say(f"pickup by an idle worker on {name}")
        yield from pickup.measure(ON[name].name, ON[name].place, 10 if asked.quick else 200)
    if "postgres" in asked.only:
        say("three flows on postgres, the second beside a held snapshot")
        yield snapshot.measure(ON["postgres"].name, ON["postgres"].place, 2 if asked.quick else 60)
    for name, jobs in {"postgres": 500_000, "sqlite": 200_000}.items():
        if name in asked.only:
            say(f"memory of a worker on {name}")
            yield memory.measure(ON[name].name, ON[name].place, 3_000 if asked.quick else jobs)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(ON), help="these stores (default: all)")
    peers = parser.add_mutually_exclusive_group()
    peers.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS, help="these queues of others (default: all)")
    peers.add_argument("--skip-peers", dest="peers", action="store_const", const=(), help="without any of them")
    parser.add_argument("--jobs", type=int, default=40_000, help="no-op jobs in a lap (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="laps of everybody (default: %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="2,000 jobs, one round, all else short: does it run at all"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed, or was not measured")
    parser.add_argument("--json", type=Path, default=RESULTS / "latest.json", help="default: %(default)s")
    asked = parser.parse_args()
    asked.only = asked.only or list(ON)
    if asked.quick:
        asked.jobs, asked.rounds = 2_000, 1
    return asked


if __name__ == "__main__":
    sys.exit(main())
