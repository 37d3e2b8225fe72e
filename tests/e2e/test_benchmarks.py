"""The benchmarks run and say what they measured; whether the bars are reached is for a quiet machine to say."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_quick_run_writes_a_ratio_for_every_bar(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(tmp_path / "found.json")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)

    assert 0 == done.returncode, done.stderr
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    barred = {
        (ratio["subject"], ratio["half"]): ratio["bar"]
        for ratio in found["ratios"]
        if ratio["reference"] == "bare sqlite3" and ratio["bar"] is not None
    }
    subjects = ("SQLite, async", "SQLite, thread", "taskmq")
    assert {(subject, half): bar for subject in subjects for half, bar in (("enqueue", 0.3), ("drain", 0.15))} == barred
    assert all(0 < ratio["lowest"] <= ratio["median"] <= ratio["highest"] for ratio in found["ratios"])
    assert 10_000 == found["memory"]["jobs"]
    assert "bare sqlite3" in done.stdout
