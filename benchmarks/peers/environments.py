"""An environment for each peer, below ``.nox``: made once, made anew when what it should have changes."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.laps import LapFailed

FOLDER = Path(__file__).parents[2] / ".nox" / "peers"


def interpreter(name: str, requirements: Sequence[str]) -> Path:
    """The Python that has exactly ``requirements``, and what they require.

    Raises:
        LapFailed: it cannot be made.
    """
    home = FOLDER / name
    python, label = home / "bin" / "python", home / "requirements.txt"
    wanted = "".join(f"{requirement}\n" for requirement in (f"# Python {sys.version}", *requirements))
    if not label.is_file() or label.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(home, ignore_errors=True)
        uv("venv", "--quiet", "--no-project", f"--python={sys.executable}", str(home))
        uv("pip", "install", "--quiet", f"--python={python}", *requirements)
        label.write_text(wanted, encoding="utf-8")  # last, so that half an environment is made again
    return python


def uv(*arguments: str) -> None:
    try:
        subprocess.run(["uv", *arguments], check=True, capture_output=True, text=True)
    except OSError as error:
        raise LapFailed(f"uv is needed for the environments of peers: {error}") from error
    except subprocess.CalledProcessError as error:
        raise LapFailed(f"`uv {' '.join(arguments)}` failed: {error.stderr.strip()}") from error
