import os
from hashlib import sha256
from pathlib import Path

import pytest
from demo.jobs import hash_again, language, path_of, read
from taskmq.storage.base import Job


def test_a_file_is_counted_and_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "poem.md"
    path.write_text("Rose is a rose\nis a rose.\n", encoding="utf-8")

    found = read(Job(id=1, payload={"uri": path.as_uri(), "effort": 0.0}))

    assert {
        "language": "Markdown",
        "lines": 2,
        "words": 7,
        "terms": {"rose": 3},
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "passes": 1,
    } == found


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    found = read(Job(id=1, payload={"uri": (tmp_path / "empty").as_uri(), "effort": 0.0}))

    assert ("plain text", 0, 0, {}) == (found["language"], found["lines"], found["words"], found["terms"])


@pytest.mark.parametrize("name", ["a b#c?d%e.txt", "größe.txt", "two\nlines", os.fsdecode(b"\xff\xfe")])
def test_a_uri_keeps_every_byte_of_a_name(name: str) -> None:
    assert Path("/tmp", name) == path_of(Path("/tmp", name).as_uri())


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("setup.PY", "", "Python", id="by suffix, whatever its case"),
        pytest.param("Makefile", "", "Make", id="by name"),
        pytest.param("Dockerfile.dev", "", "Docker", id="by the beginning of the name"),
        pytest.param("run", "#!/usr/bin/env python3\n", "Python", id="by program, through env"),
        pytest.param("run", "#!/bin/sh -e\n", "Shell", id="by program"),
        pytest.param("LICENSE", "MIT License", "plain text", id="by nothing"),
    ],
)
def test_the_language_is_guessed(name: str, text: str, expected: str) -> None:
    assert expected == language(name, text)


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RuntimeError, match="'file' changed"):
        hash_again(tmp_path / "file", "another digest", effort=1.0)
