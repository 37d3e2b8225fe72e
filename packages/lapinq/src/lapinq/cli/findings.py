"""What checks found, and how it is told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from lapinq.cli.failures import ExitCode
from lapinq.cli.output import Column, many, message
from lapinq.cli.text import counted

ICONS = {"ok": "✓", "warning": "!", "failed": "✕"}
COLUMNS = (
    Column("check", "Check"),
    Column("level", "OK", lambda found: ICONS[found["level"]]),
    Column("detail", "Detail"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``level`` is "ok", "warning" for what may be meant so, or "failed"."""

    check: str
    detail: str
    level: str = "ok"


def tell(args: argparse.Namespace, found: Sequence[Finding]) -> ExitCode:
    """Print them. Something that failed is the exit code; with ``--strict`` a warning is, too."""
    documents = [{"check": each.check, "level": each.level, "detail": each.detail} for each in found]
    many(documents, COLUMNS, as_document=args.json, nothing="Nothing was checked.")
    bad = {"failed", "warning"} if args.strict else {"failed"}
    if not args.json:
        number = {level: sum(each.level == level for each in found) for level in ("warning", "failed")}
        message(f"{number['failed']} failed, {counted(number['warning'], 'warning')}.")
    return ExitCode.REFUSED if any(each.level in bad for each in found) else ExitCode.OK
