"""Whatever is typed: one sentence, an exit code of the table, no traceback.

``LAPINQ_FUZZ`` is the number of command lines; the default takes some seconds.
"""

import argparse
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lapinq.__main__ import build_parser
from lapinq.cli.failures import ExitCode

from .conftest import Run
from .lines import commands

HOSTILE = (
    *("", "-", "--", "-1", "0", "1", "3", str(2**31), str(2**63), "9" * 400, "1e9", "0x10", "1_0", "1.5", "nan", "inf"),
    *("٣", "½", "1s", "0s", "99999999d", "+1h", "+999999999d", "-5m", "NULL", "None", "true", "*", "%", "%s", "\\"),
    *("{}", "[]", "{bad", '"text"', "[" * 5000, '{"a": NaN}', "é", "日本", "\u202e", "\x1b[2J", "a\nb", "a\tb", "a\0b"),
    *(
        "\ud800",
        "\udcff",
        " ",
        "a" * 5000,
        "'; DROP TABLE lapinq_tasks; --",
        "../..",
        "mytasks:add",
        "os:system",
        "a:b:c",
    ),
    *("video=view", "video=", "=view", "*=view", "v*=cancel", "a=b=view", "lapinq", "abcdef", "0" * 32, "01a228b3"),
    *("2026-04-01T12:00:00", "2026-04-01T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "2026-02-30"),
    *(
        "@daily",
        "* * * * *",
        "61 * * * *",
        "0 0 31 2 *",
        "UTC",
        "Mars/Base",
        "Europe/../UTC",
        "/etc/passwd",
        "http://h/",
    ),
)
LEFT_OUT = {"server", "worker", "scheduler", "execute", "--wait", "--database-url", "--import", "--help"}
"""What goes on until it is stopped, or imports what it finds."""


def words_of(path: tuple[str, ...], parser: argparse.ArgumentParser) -> st.SearchStrategy[list[str]]:
    """Lines that begin with a command: its own options and arguments, in any number, with anything as their values."""
    value = st.sampled_from(HOSTILE) | st.text(max_size=20)
    parts: list[st.SearchStrategy[list[str]]] = [value.map(lambda text: [text])]
    for action in parser._actions:
        name = action.option_strings[-1] if action.option_strings else None
        if name is None or name in LEFT_OUT:
            continue
        known = st.sampled_from(list(action.choices)) if action.choices else st.nothing()
        parts.append(st.just([name]) if action.nargs == 0 else st.tuples(st.just(name), value | known).map(list))
    lines = st.lists(st.one_of(parts), max_size=5).map(lambda found: [word for part in found for word in part])
    return lines.map(lambda rest: [*path, *rest])


LINES = st.one_of([words_of(*each) for each in commands(build_parser()) if each[0] and not LEFT_OUT & set(each[0])])


@settings(
    max_examples=int(os.environ.get("LAPINQ_FUZZ", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(line=LINES, stdin=st.sampled_from(["", "a password\n", "x\n", "\0", "y\n"]))
def test_every_line_ends_with_a_sentence_and_a_code_of_the_table(lapinq: Run, line: list[str], stdin: str) -> None:
    ran = lapinq(*line, stdin=stdin)

    assert ran.code in set(ExitCode), ran
    assert "Traceback" not in ran.out + ran.err
    assert "Error: unexpected " not in ran.err, ran  # what nobody thought of
    assert '"internal"' not in ran.out, ran
