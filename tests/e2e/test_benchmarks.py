"""The benchmarks run and say what they measured; whether the bars are reached is for a quiet machine to say."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

BARS = {
    ("SQLite", subject, rate, "bare sqlite3"): bar
    for subject in ("SQLite, async", "SQLite, thread", "taskmq")
    for rate, bar in (("enqueue", 0.3), ("drain", 0.15))
} | {("SQLite", "taskmq", rate, "SQLite numbered, thread"): 0.8 for rate in ("enqueue", "drain")}
"""Those of a run on SQLite without peers. The servers' parts are made of the same pieces and take a minute more."""


def test_a_quick_run_measures_everything_that_a_bar_asks_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--skip-peers", "--only", "sqlite"]
    command += ["--json", str(tmp_path / "found.json")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)

    assert 0 == done.returncode, done.stderr
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    ratios = {name: part["ratios"] for name, part in found["parts"].items()}
    assert BARS == {
        (name, ratio["subject"], ratio["rate"], ratio["reference"]): ratio["bar"]
        for name, part in ratios.items()
        for ratio in part
        if ratio["bar"]
    }
    assert all(0 < ratio["lowest"] <= ratio["median"] <= ratio["highest"] for part in ratios.values() for ratio in part)
    assert [60] == [measure["bar"] for measure in found["measures"] if measure["bar"]]
    assert all(name in done.stdout for name in ratios)
