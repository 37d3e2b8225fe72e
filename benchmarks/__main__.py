"""Measure and report: ``python -m benchmarks``, or ``uv run nox -s bench``.

The bars hold for SQLite with 20,000 jobs and one worker process, in the median of the rounds. ``bare sqlite3`` works on
the store's own tables; what a ``lean table`` makes of the ratios is told, not asked for.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from taskcore.engine.handlers import Mode

from benchmarks import core, faces, floor, memory, peers
from benchmarks.laps import interleave
from benchmarks.report import Bar, Report, ratios

BARE, LEAN = "bare sqlite3", "lean table"
BARS = (Bar("enqueue", BARE, 0.3), Bar("drain", BARE, 0.15), Bar("drain", "huey", 6.0))

REFERENCES = [floor.contender(BARE, floor.SAME), floor.contender(LEAN, floor.LEAN), *peers.contenders()]
ON_SQLITE = [
    core.contender("SQLite", core.open_sqlite, Mode.ASYNC),
    core.contender("SQLite", core.open_sqlite, Mode.THREAD),
    *faces.contenders(),
]
IN_MEMORY = [core.contender("memory", core.open_memory, Mode.ASYNC)]


def main() -> int:
    """Run, print, write; 1 when a bar is missed and ``--check`` was given."""
    asked = arguments()
    jobs, rounds, drained = (2_000, 1, 10_000) if asked.quick else (asked.jobs, asked.rounds, 200_000)
    progress, out = Console(stderr=True), Console()
    laps = interleave([*REFERENCES, *ON_SQLITE, *IN_MEMORY], jobs, rounds, progress.print)
    progress.print(f"memory of a worker that drains {drained:,} jobs")
    bars = {subject.name: BARS for subject in ON_SQLITE}
    report = Report(
        jobs, laps, ratios(laps, [reference.name for reference in REFERENCES], bars), memory.measure(drained)
    )
    report.show(out)
    report.write(asked.json)
    out.print(f"Rates, versions and machine: {asked.json}", soft_wrap=True)
    if not peers.contenders():
        out.print("huey is not installed, so nothing was compared with it; run `uv sync --group bench`.")
    return int(asked.check and (bool(report.missed) or not peers.contenders()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=20_000, help="no-op jobs in a lap (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="laps of everybody (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="2,000 jobs, one round: does it run at all")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed, or cannot be measured")
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).parent / "results" / "latest.json", help="default: %(default)s"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
