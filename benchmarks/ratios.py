"""From laps to ratios, each beside its bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.laps import Lap, Laps

RATES = ("enqueue", "single", "drain")


@dataclass(frozen=True, slots=True)
class Bar:
    """At ``rate``, do at least ``least`` times as many jobs a second as ``reference``."""

    rate: str
    reference: str
    least: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """The rates of ``subject`` over those of ``reference``, round by round.

    Attributes:
        rounds: empty where the reference could not be measured, which misses the bar.
        bar: what the median must reach; None where nothing is asked.
    """

    subject: str
    rate: str
    reference: str
    rounds: Sequence[float]
    bar: float | None

    @property
    def missed(self) -> bool:
        return self.bar is not None and (not self.rounds or median(self.rounds) < self.bar)

    def cell(self) -> str:
        """For a table: the ratio, and its bar where there is one."""
        ratio = f"{median(self.rounds):.2f}x" if self.rounds else "not measured"
        if self.bar is None:
            return ratio
        return (
            f"{ratio} < {self.bar:g} [red]missed[/red]" if self.missed else f"{ratio} >= {self.bar:g} [green]ok[/green]"
        )

    def document(self) -> dict[str, Any]:
        found = {"median": median(self.rounds), "lowest": min(self.rounds), "highest": max(self.rounds)}
        return {
            "subject": self.subject,
            "rate": self.rate,
            "reference": self.reference,
            "bar": self.bar,
        } | (found if self.rounds else {})

    def __str__(self) -> str:
        found = (
            f"{median(self.rounds):.2f}x {self.reference}" if self.rounds else f"not measured beside {self.reference}"
        )
        return f"{self.subject}: {self.rate} is {found}, the bar is {self.bar}x"


def ratios(
    laps: Laps, subjects: Sequence[str], references: Sequence[str], bars: Mapping[str, Sequence[Bar]]
) -> list[Ratio]:
    """Every subject beside every reference that has the rate or that a bar asks for. ``bars`` are by subject."""
    found = [
        _ratio(laps, subject, rate, reference, bars.get(subject, ()))
        for rate in RATES
        for reference in references
        for subject in subjects
        if subject != reference
    ]
    return [ratio for ratio in found if ratio.rounds or ratio.bar is not None]


def _ratio(laps: Laps, subject: str, rate: str, reference: str, bars: Sequence[Bar]) -> Ratio:
    pairs = zip(rounds(laps, subject, rate), rounds(laps, reference, rate), strict=False)
    bar = next((bar.least for bar in bars if (bar.rate, bar.reference) == (rate, reference)), None)
    return Ratio(subject, rate, reference, [ours / theirs for ours, theirs in pairs], bar)


def rounds(laps: Laps, name: str, rate: str) -> list[float]:
    """What ``name`` did in each round; nothing when it was not measured."""
    return [found for lap in laps.of.get(name, ()) if (found := getattr(lap, rate)) is not None]


def best(laps: Laps, names: Sequence[str]) -> list[Lap]:
    """The best of those who ran, round by round and rate by rate."""
    ran = [laps.of[name] for name in names if name in laps.of]
    return [
        Lap(max(lap.enqueue for lap in together), max(lap.drain for lap in together))
        for together in zip(*ran, strict=True)
    ]
