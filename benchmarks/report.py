"""What a run found: as tables and as JSON, with what it depends on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks import conditions
from benchmarks.laps import Laps
from benchmarks.ratios import Ratio


@dataclass(frozen=True, slots=True)
class Standing:
    """One part's laps: everybody's rates, and our ratios to the references."""

    laps: Laps
    ratios: Sequence[Ratio]

    def table(self, store: str) -> Table:
        """Ratios only: rates are a property of the machine."""
        subjects = list(dict.fromkeys(ratio.subject for ratio in self.ratios))
        table = Table(store, "ratio to", *subjects, box=SIMPLE_HEAD, pad_edge=False)
        for (rate, reference), group in groupby(self.ratios, key=lambda ratio: (ratio.rate, ratio.reference)):
            cells = {ratio.subject: ratio.cell() for ratio in group}
            table.add_row(rate, reference, *(cells.get(subject, "") for subject in subjects))
        return table

    def document(self) -> dict[str, Any]:
        return {
            "ratios": [ratio.document() for ratio in self.ratios],
            "rates": {name: [asdict(lap) for lap in laps] for name, laps in self.laps.of.items()},
            "failed": self.laps.failed,
        }


@dataclass(frozen=True, slots=True)
class Measure:
    """Something else than a rate. ``bar`` is what it must stay below; ``details`` go into the JSON."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    details: Mapping[str, Any] | None = None

    @property
    def missed(self) -> bool:
        return self.bar is not None and self.value >= self.bar

    def __str__(self) -> str:
        return f"{self.what}: {self.value:.1f} {self.unit}" + ("" if self.bar is None else f", the bar is {self.bar:g}")

    def row(self) -> tuple[str, str]:
        found = f"{self.value:.1f} {self.unit}"
        if self.bar is None:
            return self.what, found
        verdict = f">= {self.bar:g} [red]missed[/red]" if self.missed else f"< {self.bar:g} [green]ok[/green]"
        return self.what, f"{found} {verdict}"


@dataclass(frozen=True, slots=True)
class Report:
    """One run of everything that was asked for."""

    jobs: int
    standings: Mapping[str, Standing]
    measures: Sequence[Measure]

    @property
    def missed(self) -> list[str]:
        """The bars that were not reached, in words."""
        ratios = [ratio for standing in self.standings.values() for ratio in standing.ratios]
        missed = [str(ratio) for ratio in ratios if ratio.missed]
        return missed + [str(measure) for measure in self.measures if measure.missed]

    def show(self, console: Console) -> None:
        for name, standing in self.standings.items():
            console.print(standing.table(name))
            for peer, reason in standing.laps.failed.items():
                console.print(f"{peer} was not measured: {reason}", markup=False)
        table = Table("one worker", "", box=SIMPLE_HEAD, pad_edge=False)
        for measure in self.measures:
            table.add_row(*measure.row())
        console.print(table)

    def write(self, path: Path) -> None:
        """The same as JSON, with rates and with what they depend on."""
        document = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "jobs": self.jobs,
            "parts": {name: standing.document() for name, standing in self.standings.items()},
            "measures": [asdict(measure) for measure in self.measures],
            "missed": self.missed,
            "versions": conditions.versions(self.standings),
            "machine": conditions.machine(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
