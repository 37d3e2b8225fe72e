"""From laps to ratios, each beside its bar: as data, as a table, and as JSON."""

import importlib.metadata
import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.laps import Lap
from benchmarks.memory import Growth

Laps = Mapping[str, Sequence[Lap]]

HALVES = ("enqueue", "drain")
MEMORY_BAR = 60
"""Megabytes that a draining worker may grow by."""


@dataclass(frozen=True, slots=True)
class Bar:
    """In ``half``, do at least ``least`` times as many jobs a second as ``reference``."""

    half: str
    reference: str
    least: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """The rates of ``subject`` over those of ``reference``: median, lowest and highest of the rounds.

    Attributes:
        bar: what the median must reach; None where nothing is asked.
    """

    subject: str
    half: str
    reference: str
    median: float
    lowest: float
    highest: float
    bar: float | None

    @property
    def missed(self) -> bool:
        return self.bar is not None and self.median < self.bar

    def cell(self) -> str:
        """For a table: the ratio, and its bar where there is one."""
        if self.bar is None:
            return f"{self.median:.2f}x"
        verdict = f"< {self.bar:g} [red]missed[/red]" if self.missed else f">= {self.bar:g} [green]ok[/green]"
        return f"{self.median:.2f}x {verdict}"

    def __str__(self) -> str:
        return f"{self.subject}: {self.half} is {self.median:.2f}x {self.reference}, the bar is {self.bar}x"


def ratios(laps: Laps, references: Sequence[str], bars: Mapping[str, Sequence[Bar]]) -> list[Ratio]:
    """Everybody beside every reference, round by round. ``bars`` are by subject."""
    return [
        _ratio(laps, subject, half, reference, bars.get(subject, ()))
        for subject in laps
        if subject not in references
        for half in HALVES
        for reference in references
        if reference in laps
    ]


def _ratio(laps: Laps, subject: str, half: str, reference: str, bars: Sequence[Bar]) -> Ratio:
    pairs = zip(laps[subject], laps[reference], strict=True)
    rounds = [getattr(ours, half) / getattr(theirs, half) for ours, theirs in pairs]
    bar = next((bar.least for bar in bars if (bar.half, bar.reference) == (half, reference)), None)
    return Ratio(subject, half, reference, median(rounds), min(rounds), max(rounds), bar)


@dataclass(frozen=True, slots=True)
class Report:
    """One run of everything."""

    jobs: int
    laps: Laps
    ratios: Sequence[Ratio]
    memory: Growth

    @property
    def missed(self) -> list[str]:
        """The bars that were not reached, in words."""
        missed = [str(ratio) for ratio in self.ratios if ratio.missed]
        if self.memory.growth >= MEMORY_BAR:
            missed.append(f"memory of a worker: grew by {self.memory.growth} MB, the bar is {MEMORY_BAR} MB")
        return missed

    def show(self, console: Console) -> None:
        """Ratios only: rates are a property of the machine."""
        references = list(dict.fromkeys(ratio.reference for ratio in self.ratios))
        table = Table("jobs/s, ratio to", "", *references, box=SIMPLE_HEAD, pad_edge=False)
        for (subject, half), group in groupby(self.ratios, key=lambda ratio: (ratio.subject, ratio.half)):
            table.add_row(subject, half, *(ratio.cell() for ratio in group))
        console.print(table)
        verdict = ">= {} MB [red]missed[/red]" if self.memory.growth >= MEMORY_BAR else "< {} MB [green]ok[/green]"
        console.print(
            f"memory of a worker that drains {self.memory.jobs:,} jobs, after warm-up: "
            f"+{self.memory.growth:.1f} MB {verdict.format(MEMORY_BAR)}"
        )

    def write(self, path: Path) -> None:
        """The same as JSON, with rates and with what they depend on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self._document(), indent=2) + "\n", encoding="utf-8")

    def _document(self) -> dict[str, Any]:
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "jobs": self.jobs,
            "ratios": [asdict(ratio) for ratio in self.ratios],
            "memory": asdict(self.memory) | {"bar": MEMORY_BAR},
            "missed": self.missed,
            "rates": {name: [asdict(lap) for lap in laps] for name, laps in self.laps.items()},
            "versions": versions(),
            "machine": machine(),
        }


def versions() -> dict[str, str]:
    """Of everything that takes part and is installed."""
    installed = {name: version for name in ("taskcore", "taskmq", "huey") if (version := _version(name))}
    return installed | {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """What the rates, but hardly the ratios, depend on."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }
