import os
from pathlib import Path

import pytest
from demo.scan import MAX_SIZE, scan


def names(root: Path) -> list[str]:
    return [os.fspath(path.relative_to(root)) for path in scan(root).files]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    found = scan(tmp_path)

    assert [] == found.files
    assert {} == found.left_out


def test_text_files_are_found_at_any_depth_in_a_stable_order(tmp_path: Path) -> None:
    (tmp_path / "b/c").mkdir(parents=True)
    for name in ("b/c/deep.py", "b/near.md", "a.txt"):
        (tmp_path / name).write_text("hello", encoding="utf-8")

    assert ["a.txt", "b/near.md", "b/c/deep.py"] == names(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("with space.txt", id="spaces"),
        pytest.param("größe-数.md", id="unicode"),
        pytest.param("two\nlines.txt", id="a newline"),
        pytest.param(os.fsdecode(b"not-\xff-utf8.txt"), id="bytes that are no text"),
        pytest.param("[bold]markup.txt", id="markup"),
    ],
)
def test_no_file_name_is_too_odd(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello", encoding="utf-8")

    assert [name] == names(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"PK\0\3", "binary", id="a NUL byte"),
        pytest.param("größe".encode("latin-1"), "binary", id="no UTF-8"),
        pytest.param(b"x" * (MAX_SIZE + 1), "too large", id="too much"),
    ],
)
def test_what_is_no_text_is_left_out_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "file").write_bytes(content)

    found = scan(tmp_path)

    assert [] == found.files
    assert {reason: 1} == found.left_out


def test_a_character_across_the_end_of_the_sample_is_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 8191 + "é".encode())

    assert ["file"] == names(tmp_path)


@pytest.mark.parametrize("folder", [".git", ".taskcore", "__pycache__", "node_modules"])
def test_what_programs_keep_for_themselves_is_left_out(tmp_path: Path, folder: str) -> None:
    (tmp_path / "src" / folder).mkdir(parents=True)
    (tmp_path / "src" / folder / "file.txt").write_text("hello", encoding="utf-8")

    assert [] == names(tmp_path)


@pytest.mark.parametrize("marker", ["CACHEDIR.TAG", "pyvenv.cfg"])
def test_a_folder_that_says_it_is_a_cache_or_an_environment_is_left_out(tmp_path: Path, marker: str) -> None:
    (tmp_path / "env/lib").mkdir(parents=True)
    (tmp_path / "env" / marker).touch()
    (tmp_path / "env/lib/module.py").touch()

    assert [] == names(tmp_path)


def test_links_are_not_followed_not_even_in_circles(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "circle").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again.txt").symlink_to("file.txt")
    (tmp_path / "nowhere.txt").symlink_to("missing")

    found = scan(tmp_path)

    assert [tmp_path / "file.txt"] == found.files
    assert {"no plain file": 2} == found.left_out


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert {"no plain file": 1} == scan(tmp_path).left_out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").touch(mode=0)
    (tmp_path / "closed").mkdir(mode=0)

    assert {"unreadable": 2} == scan(tmp_path).left_out


def test_the_database_and_its_journals_do_not_count(tmp_path: Path) -> None:
    for name in ("demo.db", "demo.db-wal", "demo.txt"):
        (tmp_path / name).touch()

    assert [tmp_path / "demo.txt"] == scan(tmp_path, without=tmp_path / "demo.db").files
