"""Whatever is typed: one sentence, an exit code of the table, no traceback.

``TASKMQ_FUZZ`` is the number of command lines; the default takes some seconds.
"""

import os
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from taskmq.cli import cli
from taskmq.cli.failures import ExitCode

Taskmq = Callable[..., Result]

HOSTILE = (
    *("", "-", "--", "-1", "0", "1", "2", "3", str(2**31), str(2**63 - 1), str(2**63), "9" * 400, "1e9", "0x10", "1_0"),
    *("1.5", "nan", "inf", "-0", "٣", "१", "½", "1s", "0s", "99999999d", "+1h", "+999999999d", "-5m", "1/s", "1/0"),
    *("NULL", "none", "None", "true", "all", "*", "%", "%s", "{}", "[]", "{bad", '"text"', "@", "@.", "@nowhere", "\\"),
    *(
        "é",
        "日本",
        "👩‍👩‍👧",
        "\u202e",
        "\x1b[2J",
        "a\nb",
        "a\tb",
        "a\0b",
        "\0",
        "\ud800",
        "\udcff",
        "\ufeff",
        " ",
        "a" * 5000,
    ),
    *(
        "'; DROP TABLE jobs; --",
        "../..",
        "/",
        "/nowhere/at/all",
        ".",
        "~",
        "$HOME",
        "email",
        "default",
        "id",
        "id,state",
    ),
    *("2026-04-01T12:00:00", "2026-04-01T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "2026-02-30"),
    *("@daily", "* * * * *", "61 * * * *", "0 0 31 2 *", "UTC", "Mars/Base"),
)
LEFT_OUT = {
    "serve-api": {"serve-api"},  # ends when it is told to
    "tail": {"tail"},
    "add-job": {"--wait"},  # the same
    "run-worker": {"--processes", "--reload", "--parent-fd"},  # start others, or close what is not its own
    "replay-dead": {"--rate"},  # takes its time
}
ALWAYS = {"run-worker": ["--until-idle"]}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif name not in LEFT_OUT.get(name, ()):
            yield (*path, name), command


def words_of(path: tuple[str, ...], command: click.Command) -> st.SearchStrategy[list[str]]:
    """Lines that begin with a command: its own options and arguments, in any number, with anything as their values."""
    left_out = LEFT_OUT.get(path[-1], set())
    value = st.sampled_from(HOSTILE) | st.text(max_size=20)
    parts: list[st.SearchStrategy[list[str]]] = [value.map(lambda text: [text])]
    for param in command.params:
        names = [name for name in param.opts if name.startswith("-") and name not in left_out]
        if not names:
            continue
        if isinstance(param, click.Option) and param.is_flag:
            parts.append(st.just([names[-1]]))
        else:
            known = (
                st.sampled_from([str(choice) for choice in param.type.choices])
                if isinstance(param.type, click.Choice)
                else st.nothing()
            )
            parts.append(st.tuples(st.just(names[-1]), value | known).map(list))
    lines = st.lists(st.one_of(parts), max_size=5).map(lambda found: [word for part in found for word in part])
    return lines.map(lambda rest: [*path, *ALWAYS.get(path[-1], []), *rest])


LINES = st.one_of([words_of(path, command) for path, command in commands(cli)])
OF_PROGRAM = st.lists(
    st.sampled_from(["--db-path", "--redis-url", "--redis-prefix", "--config", "--backend"]).flatmap(
        lambda name: st.sampled_from(HOSTILE).map(lambda value: [name, value])
    ),
    max_size=1,
).map(lambda found: [word for part in found for word in part])


@pytest.mark.usefixtures("folder")
@settings(
    max_examples=int(os.environ.get("TASKMQ_FUZZ", "100")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(before=OF_PROGRAM, line=LINES, stdin=st.sampled_from(["", "{}\n", "{bad", "\0"]))
def test_every_line_ends_with_a_sentence_and_a_code_of_the_table(
    taskmq: Taskmq, before: list[str], line: list[str], stdin: str
) -> None:
    result = taskmq(*before, *line, stdin=stdin)

    assert result.exit_code in set(ExitCode), (result.exit_code, result.output)
    assert isinstance(result.exception, SystemExit | None)
    assert "Traceback" not in result.output
    assert "Error: unexpected " not in result.output, result.output  # what nobody thought of
    assert '"internal"' not in result.output, result.output
