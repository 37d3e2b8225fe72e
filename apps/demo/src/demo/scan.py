"""Finds the text files below a folder, whatever they are called and whatever else lies around.

Nothing outside of the folder is read: symbolic links are not followed, and pipes, sockets and devices are not opened.
"""

import os
import stat
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SNIFF = 8192
"""Bytes at the beginning of a file that tell text from binary."""
MAX_SIZE = 4 * 1024 * 1024
"""Bytes; what people write by hand is smaller."""

IGNORED = frozenset({".git", ".hg", ".hypothesis", ".nox", ".svn", ".taskcore", ".tox", "__pycache__", "node_modules"})
MARKERS = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})
"""Files by which caches and virtual environments tell what they are."""


@dataclass(slots=True)
class Scan:
    """What a walk found: text files in a stable order, and why the others were left out, with how many of each."""

    root: Path
    files: list[Path] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def scan(root: Path, *, without: Path | None = None) -> Scan:
    """Walk ``root``; files whose path begins with ``without`` do not count, such as a database and its journals."""
    found = Scan(root)
    for path in _walk(root, found.left_out):
        if without is not None and str(path).startswith(str(without)):
            continue
        reason = _objection(path)
        if reason is None:
            found.files.append(path)
        else:
            found.left_out[reason] += 1
    return found


def _walk(root: Path, left_out: Counter[str]) -> Iterator[Path]:
    def unreadable(_: OSError) -> None:
        left_out["unreadable"] += 1

    for folder, folders, files in os.walk(root, onerror=unreadable):
        if MARKERS.intersection(files) and Path(folder) != root:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name not in IGNORED)
        yield from (Path(folder, name) for name in sorted(files))


def _objection(path: Path) -> str | None:
    """Why the file is not for us; None when it is text."""
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return "no plain file"
        if facts.st_size > MAX_SIZE:
            return "too large"
        with path.open("rb") as file:
            return None if _is_text(file.read(SNIFF)) else "binary"
    except OSError:
        return "unreadable"


def _is_text(beginning: bytes) -> bool:
    if b"\0" in beginning:
        return False
    try:
        # A decoder that expects more forgives a character that the last byte cuts in two.
        getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True
