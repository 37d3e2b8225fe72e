"""What came of it: languages, terms, and how the killed worker's jobs were recovered. For people and as JSON."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from taskcore.models import Attempt
from taskmq.job import Job

from demo.fleet import Casualty, Fleet
from demo.jobs import Findings
from demo.ledger import Audit, Ledger

TERMS = 15
"""Of the terms of all files, how many are shown."""


@dataclass(slots=True)
class Language:
    """The sums over the files of a language."""

    files: int = 0
    lines: int = 0
    words: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: which worker, how it ended, and how many seconds after the kill."""

    number: int
    worker: str
    ended: str
    after: float

    def __str__(self) -> str:
        return f"{self.worker}, {self.ended} {self.after:.1f} s"


@dataclass(frozen=True, slots=True)
class Recovery:
    """One job that the killed worker held, with the last attempt of that worker and those that followed."""

    job: int
    file: str
    attempts: Sequence[Tried]


@dataclass(frozen=True, slots=True)
class Report:
    """``killed`` is None when nobody was, and ``recovered`` empty then."""

    path: Path
    database: Path
    left_out: Mapping[str, int]
    seconds: float
    languages: Mapping[str, Language]
    terms: Mapping[str, int]
    killed: str | None
    recovered: Sequence[Recovery]
    audit: Audit
    failures: Mapping[str, str]

    def as_json(self) -> str:
        """One document."""
        return json.dumps(self._document(), indent=2)

    def _document(self) -> dict[str, Any]:
        return {
            "path": readable(self.path),
            "database": readable(self.database),
            "left_out": dict(self.left_out),
            "seconds": round(self.seconds, 1),
            "languages": {name: asdict(language) for name, language in self.languages.items()},
            "terms": dict(self.terms),
            "killed": self.killed,
            "recovered": [asdict(recovery) for recovery in self.recovered],
            "check": asdict(self.audit) | {"passed": self.audit.passed},
            "failures": dict(self.failures),
        }

    def show(self, console: Console) -> None:
        """For people."""
        if self.languages:
            console.print(self._language_table())
        if self.terms:
            terms = ", ".join(f"{term} {count}" for term, count in self.terms.items())
            console.print(Text(f"Most frequent: {terms}\n"))
        if self.killed is not None:
            console.print(f"The jobs that {self.killed} held, and when their attempts ended after it was killed:")
            console.print(self._recovery_table())
        elif self.audit.enqueued:
            console.print("No worker was killed.")
        for file, error in self.failures.items():
            console.print(Text(f"Failed: {file}: {error}"), style="red")
        console.print(self._verdict())
        console.print(self._commands(), soft_wrap=True)

    def _language_table(self) -> Table:
        table = Table("language", box=SIMPLE_HEAD)
        for title in ("files", "lines", "words"):
            table.add_column(title, justify="right")
        for name, sums in self.languages.items():
            table.add_row(name, f"{sums.files:,}", f"{sums.lines:,}", f"{sums.words:,}")
        return table

    def _recovery_table(self) -> Table:
        tries = [Column(title, no_wrap=True) for title in ("attempt", "next attempt")]
        table = Table("job", Column("file", overflow="fold"), *tries, box=SIMPLE_HEAD)
        for recovery in self.recovered:
            first, *rest = map(str, recovery.attempts)
            table.add_row(str(recovery.job), Text(recovery.file), first, "; ".join(rest))
        return table

    def _verdict(self) -> Text:
        audit = self.audit
        text = (
            f"{audit.enqueued} jobs enqueued, {audit.stored} results stored, {len(audit.lost)} lost, "
            f"{len(audit.twice)} stored twice, {len(audit.failed)} failed; {self.seconds:.1f} s."
        )
        return Text(text, style="green" if audit.passed else "bold red")

    def _commands(self) -> Text:
        taskmq = f"uv run taskmq --db-path {shlex.quote(readable(_from_here(self.database)))}"
        job = self.recovered[0].job if self.recovered else 1
        inspect = f"\n  {taskmq} inspect {job}" if self.audit.enqueued else ""
        return Text(f"The database stays. Look at it with:\n  {taskmq} jobs list{inspect}")


def report(
    ledger: Ledger, fleet: Fleet, casualty: Casualty | None, *, root: Path, left_out: Mapping[str, int], seconds: float
) -> Report:
    """Read the queue once all is over."""
    jobs = ledger.jobs()
    done = [job for job in jobs if job.return_value is not None]
    files = {job_id: readable(file.relative_to(root)) for job_id, file in ledger.files.items()}
    return Report(
        path=root,
        database=fleet.db,
        left_out=left_out,
        seconds=seconds,
        languages=_languages([job.return_value for job in done]),
        terms=_terms([job.return_value for job in done]),
        killed=None if casualty is None else casualty.member.name,
        recovered=[]
        if casualty is None
        else [_recovery(ledger, fleet, casualty, job, files[job]) for job in casualty.jobs],
        audit=ledger.audit(),
        failures={files[job.id]: _error(job) for job in jobs if job.return_value is None},
    )


def _languages(findings: Sequence[Findings]) -> dict[str, Language]:
    """By language, most files first."""
    sums: dict[str, Language] = {}
    for found in findings:
        language = sums.setdefault(found["language"], Language())
        language.files += 1
        language.lines += found["lines"]
        language.words += found["words"]
    return dict(sorted(sums.items(), key=lambda item: (-item[1].files, item[0])))


def _terms(findings: Sequence[Findings]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for found in findings:
        total.update(found["terms"])
    return dict(total.most_common(TERMS))


def _recovery(ledger: Ledger, fleet: Fleet, casualty: Casualty, job: int, file: str) -> Recovery:
    attempts = ledger.attempts(job)
    begin = next(place for place, each in enumerate(attempts) if casualty.member.is_called(each.worker))
    return Recovery(job, file, [_tried(each, fleet, casualty.at) for each in attempts[begin:]])


def _tried(attempt: Attempt, fleet: Fleet, killed_at: datetime) -> Tried:
    at = attempt.finished_at or attempt.started_at
    ended = {"lose": "lost", "succeed": "done"}.get(attempt.ended or "", attempt.ended or "running")
    return Tried(attempt.number, fleet.name_of(attempt.worker), ended, round((at - killed_at).total_seconds(), 1))


def _error(job: Job) -> str:
    return f"{job.error_type}: {job.error_log}" if job.error_type else f"it is {job.state}"


def _from_here(path: Path) -> Path:
    """The shortest name that works where the user is."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def readable(path: Path) -> str:
    """The path as text that any terminal can show and any encoder can write."""
    shown = (c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(path))
    return "".join(shown)
