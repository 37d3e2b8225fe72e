"""What a face's own tests use must not pull in the test tools."""

import subprocess
import sys


def test_clock_and_factories_need_neither_pytest_nor_hypothesis() -> None:
    code = "import sys, taskcore.testing; print(*{'pytest', 'hypothesis'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert "" == done.stdout.strip()
