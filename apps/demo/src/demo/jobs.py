"""The work itself. ``taskmq run-worker --import demo.jobs`` is how a worker process learns about it.

A payload names its file by URI: that keeps every byte of a file name, also of one that is no valid text.
"""

import os
import re
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TypedDict
from urllib.parse import unquote_to_bytes, urlsplit

from taskmq.jobs.handlers import register_handler
from taskmq.storage.base import Job

HANDLER = "demo.read"
TERMS = 12
"""Of the most frequent terms of a file, how many are kept."""

WORD = re.compile(r"\w+")
TERM = re.compile(r"[^\W\d_]{4,}")

LANGUAGES = {
    "Python": ".py .pyi",
    "Markdown": ".md .markdown",
    "reStructuredText": ".rst",
    "TOML": ".toml",
    "YAML": ".yaml .yml",
    "JSON": ".json .jsonl",
    "JavaScript": ".js .mjs .cjs .jsx",
    "TypeScript": ".ts .tsx",
    "HTML": ".html .htm",
    "CSS": ".css .scss",
    "Shell": ".sh .bash .zsh",
    "SQL": ".sql",
    "C": ".c .h",
    "C++": ".cc .cpp .cxx .hpp",
    "Go": ".go",
    "Rust": ".rs",
    "Java": ".java",
    "Ruby": ".rb",
    "PHP": ".php",
    "Lua": ".lua",
    "XML": ".xml .svg",
    "CSV": ".csv .tsv",
    "INI": ".ini .cfg .conf",
    "lock file": ".lock",
}
BY_SUFFIX = {suffix: language for language, suffixes in LANGUAGES.items() for suffix in suffixes.split()}
BY_NAME = {"makefile": "Make", "dockerfile": "Docker"}
BY_PROGRAM = {"python": "Python", "sh": "Shell", "bash": "Shell", "node": "JavaScript", "perl": "Perl", "ruby": "Ruby"}
SHEBANG = re.compile(r"#!.*?(?:/env +(?:-S +)?|/)([a-z]+)[\d.]*(?:\s|$)")


class Order(TypedDict):
    """The payload of a job. ``effort`` is in seconds, see ``hash_again``."""

    uri: str
    effort: float


class Findings(TypedDict):
    """The result of a job. ``terms`` holds the most frequent ones and how often they occur; ``passes`` counts the
    checksums that were made."""

    language: str
    lines: int
    words: int
    terms: dict[str, int]
    sha256: str
    passes: int


@register_handler(HANDLER)
def read(job: Job) -> Findings:
    """Read one file and say what is in it."""
    order: Order = job.payload
    path = path_of(order["uri"])
    data = path.read_bytes()
    text = data.decode("utf-8", errors="replace")
    digest = sha256(data).hexdigest()
    return {
        "language": language(path.name, text),
        "lines": len(text.splitlines()),
        "words": sum(1 for _ in WORD.finditer(text)),
        "terms": dict(Counter(term[0].lower() for term in TERM.finditer(text)).most_common(TERMS)),
        "sha256": digest,
        "passes": 1 + hash_again(path, digest, order["effort"]),
    }


def path_of(uri: str) -> Path:
    """The path that ``Path.as_uri`` was called on."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path)))


def language(name: str, text: str) -> str:
    """A guess by the file's name, or by the program that its first line asks for."""
    lowered = name.lower()
    known = BY_SUFFIX.get(Path(lowered).suffix) or BY_NAME.get(lowered.partition(".")[0])
    shebang = None if known else SHEBANG.match(text)
    return known or BY_PROGRAM.get(shebang[1] if shebang else "", "plain text")


def hash_again(path: Path, digest: str, effort: float) -> int:
    """Read the file and compare its checksum, over and over, for ``effort`` seconds of this thread; answer how often.

    Counting words takes a millisecond a file. Without this the demo would be over before anybody could be killed.

    Raises:
        RuntimeError: the file has changed meanwhile, so that what was found out about it does not belong together.
    """
    passes, until = 0, time.thread_time() + effort
    while time.thread_time() < until:
        if sha256(path.read_bytes()).hexdigest() != digest:
            raise RuntimeError(f"{path.name!r} changed while it was read")
        passes += 1
    return passes
