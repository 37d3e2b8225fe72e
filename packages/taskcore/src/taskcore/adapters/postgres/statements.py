"""What the SQL of this adapter has in common; ``{p}`` stands for the prefix of the tables.

A statement is one step: it finds, changes and answers in one round trip and one commit. Its parts (``WITH``) all see
the tables as they were when it began. Three rules follow, and keep it right beside other workers:

- what another transaction may be changing is locked first (``FOR UPDATE`` reads the newest version of a row), and what
  happens to it is decided by the locked row;
- the row of a running task, or its lease, is changed under the whole fence: who ends an attempt second comes too late;
- rows are locked in the order of ids, those of tasks before those of leases, so that no two wait for each other.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from taskcore.adapters.sql.rows import TASK_COLUMNS
from taskcore.states import AT_REST, MOVES, TaskState

NOW = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
"""The server's time."""

CLOCK = f"""clock AS MATERIALIZED (
    SELECT coalesce($1::bigint, {NOW}) AS now)"""
"""Begins a statement whose first parameter is the present time; NULL asks for the server's."""

AT_REST_STATES = ", ".join(f"'{state}'" for state in sorted(AT_REST))
RARE_STATES = ", ".join(f"'{state}'" for state in sorted(AT_REST - {TaskState.SUCCEEDED}))
"""The endings that people look for, and that the column ``rare`` repeats."""

ENDED_BY = " ".join(
    f"WHEN '{to}' THEN '{event}'"
    for (state, event), to in MOVES.items()
    if state is TaskState.RUNNING and to in AT_REST
)
"""The cases from the state of a task at rest to the event that ended its last attempt."""


def columns(lease_until: str) -> str:
    """The columns of a record, from a task ``t``."""
    return ", ".join(f"{lease_until} AS {c}" if c == "lease_until" else f"t.{c}" for c in TASK_COLUMNS)


RECORDS = f"SELECT {columns('l.lease_until')} FROM {{p}}_tasks AS t LEFT JOIN {{p}}_leases AS l ON l.task = t.id"
# OFFSET 0 keeps the planner from turning this around: there are few leases, and each has one task.
HELD_RECORDS = f"""
SELECT {columns("l.lease_until")} FROM {{p}}_leases AS l
    CROSS JOIN LATERAL (SELECT * FROM {{p}}_tasks AS t WHERE t.id = l.task OFFSET 0) AS t"""
"""The records of running tasks."""
