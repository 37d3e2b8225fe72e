"""The SQL of tasks: ``{p}`` stands for the prefix of the tables, ``{rows}`` for a list of values."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from functools import lru_cache

from taskcore.adapters.sql.rows import BACK, NEW_COLUMNS, PLAIN_COLUMNS, TASK_COLUMNS
from taskcore.states import AT_REST, MOVES, Event, TaskState, target

IDS = "(SELECT value FROM json_each(?))"
"""Any number of ids as one parameter."""

_AT_REST = "(" + ", ".join(f"'{state}'" for state in sorted(AT_REST)) + ")"
_ENDED_BY = " ".join(
    f"WHEN '{to}' THEN '{event}'"
    for (state, event), to in MOVES.items()
    if state is TaskState.RUNNING and to in AT_REST
)


def task_columns(**instead: str) -> str:
    """The columns of a record; ``instead`` gives the SQL of those that are not read as they are."""
    return ", ".join(instead.get(column, column) for column in TASK_COLUMNS)


# --- put

# Most tasks need no other columns; where SQLite knows them to be NULL it skips their partial indexes, twice as fast.
INSERT_PLAIN = f"INSERT INTO {{p}}_tasks ({', '.join(PLAIN_COLUMNS)}) VALUES {{rows}}"
INSERT = f"INSERT INTO {{p}}_tasks ({', '.join(NEW_COLUMNS)}) VALUES {{rows}}"
TAKEN_KEYS = f"SELECT idempotency_key, id FROM {{p}}_tasks WHERE idempotency_key IN {IDS}"
TAKEN_IDS = f"SELECT id FROM {{p}}_tasks WHERE id IN {IDS}"
# The highest number ever given out: AUTOINCREMENT keeps it, deleted tasks included.
LAST_NUMBER = "SELECT seq FROM sqlite_sequence WHERE name = '{p}_tasks'"

# --- restore

RESTORE = f"INSERT INTO {{p}}_tasks ({', '.join(TASK_COLUMNS)}, ready) VALUES {{rows}}"
RESTORE_ATTEMPTS = """
INSERT INTO {p}_attempts (task, number, worker, started_at, finished_at, ended, result, error, version) VALUES {rows}"""

# --- claim

# Bounded, so that no claim has to wait for a whole wave of tasks that become due together.
PROMOTE = """
UPDATE {p}_tasks SET ready = 1 WHERE rowid IN (
    SELECT rowid FROM {p}_tasks WHERE ready = 0 AND run_at <= ? ORDER BY run_at LIMIT 10000)"""

# Walks the index of ready tasks, which has this order. A clock that was set back makes some of them early again.
_READY = """
SELECT rowid AS place, * FROM {p}_tasks
WHERE ready = 1 AND queue = ? AND run_at <= ? AND (expires_at IS NULL OR expires_at > ?)
ORDER BY priority DESC, run_at, id LIMIT ?"""

# The records as they are once CLAIM has run.
_CLAIMED = task_columns(
    state="'running'",
    attempt="attempt + 1",
    progress="NULL",
    progress_note="NULL",
    worker="?",
    lease_until="?",
    started_at="?",
    finished_at="NULL",
)

CLAIM = f"""
UPDATE {{p}}_tasks SET state = 'running', ready = NULL, attempt = attempt + 1, worker = ?, lease_until = ?,
    started_at = ?, finished_at = NULL, progress = NULL, progress_note = NULL
WHERE rowid IN {IDS}"""


HELD_BACK = "SELECT queue, paused, concurrency FROM {p}_controls WHERE paused = 1 OR concurrency IS NOT NULL"

# One row, since reading it takes one step and not one a task: where they are and what they are, as JSON documents, and
# whether limits may forbid to claim them.
_AS_CLAIMED = f"""
SELECT json_group_array(place), json_group_array(json_array({_CLAIMED})),
    count(concurrency_key) > 0 OR EXISTS ({HELD_BACK}) FROM"""

TAKE = f"{_AS_CLAIMED} (SELECT rowid AS place, * FROM {{p}}_tasks WHERE id = ? AND state = 'pending')"


AT_PLACES = f"""
{_AS_CLAIMED} (SELECT rowid AS place, * FROM {{p}}_tasks WHERE rowid IN {IDS} ORDER BY priority DESC, run_at, id)"""

# How many run under each key.
_BUSY = """busy AS (
    SELECT concurrency_key AS shared, count(*) AS running FROM {p}_tasks
    WHERE concurrency_key IS NOT NULL AND lease_until IS NOT NULL GROUP BY concurrency_key)"""
_IS_FREE = "(t.concurrency_key IS NULL OR t.concurrency_limit > coalesce(busy.running, 0))"

# The index of ready tasks holds all that this reads, however many tasks it has to pass over.
_READY_WITH_SLOT = f"""
SELECT t.rowid AS place, t.id, t.priority, t.run_at, t.concurrency_key, t.concurrency_limit,
    coalesce(busy.running, 0) AS running
FROM {{p}}_tasks AS t LEFT JOIN busy ON busy.shared = t.concurrency_key
WHERE t.ready = 1 AND t.queue = ? AND t.run_at <= ? AND (t.expires_at IS NULL OR t.expires_at > ?) AND {_IS_FREE}
ORDER BY t.priority DESC, t.run_at, t.id LIMIT ?"""


@lru_cache
def with_slot(queues: int) -> str:
    """As ``ready``, of the tasks for which a slot is free: place, key and its limit, how many run under it."""
    walks = " UNION ALL ".join([f"SELECT * FROM ({_READY_WITH_SLOT})"] * queues)
    return f"""
WITH {_BUSY}
SELECT json_group_array(json_array(place, concurrency_key, concurrency_limit, running))
FROM (SELECT * FROM ({walks}) ORDER BY priority DESC, run_at, id LIMIT ?)"""


@lru_cache
def ready(queues: int) -> str:
    """The best ready tasks of that many queues: one walk of the index for each, then the best of these."""
    if queues == 1:
        return f"{_AS_CLAIMED} ({_READY})"
    walks = " UNION ALL ".join([f"SELECT * FROM ({_READY})"] * queues)
    return f"{_AS_CLAIMED} (SELECT * FROM ({walks}) ORDER BY priority DESC, run_at, id LIMIT ?)"


# --- the fence

# After the rows stand the worker, and the instant that the lease must not outlive: now where a reaper writes, else the
# end of time. What is the same for all rows stands there, because a column of ``{rows}`` costs as much as one of the
# table.
_HELD = """t.id = s.task AND t.attempt = s.attempt AND t.state = 'running'
    AND t.worker = ? AND t.lease_until <= ?"""


def _rows(*columns: str) -> str:
    """The list of values as a table ``s``: the task and its attempt, then ``columns``."""
    named = [f"column{number} AS {column}" for number, column in enumerate(("task", "attempt", *columns), 1)]
    return f"(SELECT {', '.join(named)} FROM (VALUES {{rows}})) AS s"


RENEW = f"""
UPDATE {{p}}_tasks AS t SET lease_until = s.lease_until FROM {_rows("lease_until")} WHERE {_HELD}"""

REPORT = f"""
UPDATE {{p}}_tasks AS t
SET progress = coalesce(s.progress, t.progress), progress_note = coalesce(s.note, t.progress_note)
FROM {_rows("progress", "note")} WHERE {_HELD}"""

_OVER = _rows("started_at", "finished_at", "result", "error", "version")
_BACK = _rows("started_at", "finished_at", "result", "error", "version", "run_at", "ready")
_ATTEMPT = "{p}_attempts (task, number, worker, started_at, finished_at, ended, result, error, version)"


@lru_cache
def settle(event: Event) -> str:
    """End attempts with ``event``. What an event leaves alone is not named, so that its indexes are not touched."""
    changes = {
        "state": f"'{target(event)}'",
        "lease_until": "NULL",
        "started_at": "coalesce(s.started_at, t.started_at)",
        "finished_at": "s.finished_at",
        "error": "s.error",
        "version": "s.version",
    }
    match event:
        case Event.FAIL | Event.RETRY:
            changes["failures"] = "t.failures + 1"
        case Event.LOSE:
            changes["losses"] = "t.losses + 1"
        case Event.REPEAT:
            changes |= {"failures": "0", "losses": "0"}
        case _:
            pass
    if event in (Event.SUCCEED, Event.REPEAT):
        changes["result"] = "s.result"
    if event in BACK:
        changes |= {"run_at": "coalesce(s.run_at, t.run_at)", "ready": "s.ready"}
    assignments = ", ".join(f"{column} = {value}" for column, value in changes.items())
    return f"UPDATE {{p}}_tasks AS t SET {assignments} FROM {_BACK if event in BACK else _OVER} WHERE {_HELD}"


@lru_cache
def keep_attempt(event: Event) -> str:
    """Keep attempts that end with ``event``; before ``settle``, while the row still tells which one is going on."""
    return f"""
INSERT OR IGNORE INTO {_ATTEMPT}
SELECT s.task, s.attempt, t.worker, coalesce(s.started_at, t.started_at), s.finished_at, '{event}',
    {"s.result" if event is Event.REPEAT else "NULL"}, s.error, s.version
FROM {_BACK} CROSS JOIN {{p}}_tasks AS t WHERE {_HELD}"""


# --- cancel, replay, delete

CANCEL_PENDING = f"""
UPDATE {{p}}_tasks SET state = 'cancelled', ready = NULL, finished_at = ? WHERE id IN {IDS} AND state = 'pending'"""
CANCEL_RUNNING = f"""
UPDATE {{p}}_tasks SET cancel_requested = 1 WHERE id IN {IDS} AND state = 'running' AND cancel_requested = 0"""
STATES = f"SELECT id, state FROM {{p}}_tasks WHERE id IN {IDS}"

MOVE = f"UPDATE {{p}}_tasks SET queue = ? WHERE id IN {IDS} AND state = 'pending' RETURNING id"
RELEASE_KEYS = f"""
UPDATE {{p}}_tasks SET idempotency_key = NULL
WHERE id IN {IDS} AND state IN {_AT_REST} AND idempotency_key IS NOT NULL RETURNING id"""

AT_REST_IDS = f"SELECT id FROM {{p}}_tasks WHERE id IN {IDS} AND state IN {_AT_REST}"
# An attempt that was kept before is left alone: the task went back to waiting after it, and came to rest there.
FORGET_ATTEMPTS = "DELETE FROM {p}_attempts WHERE task = ? AND number <= ?"
KEEP_LAST = f"""
INSERT OR IGNORE INTO {_ATTEMPT}
SELECT id, attempt, worker, started_at, finished_at, CASE state {_ENDED_BY} END,
    CASE state WHEN 'succeeded' THEN result END, error, version
FROM {{p}}_tasks WHERE id IN {IDS} AND worker IS NOT NULL"""
REPLAY = f"""
UPDATE {{p}}_tasks SET state = 'pending', ready = 1, run_at = ?, failures = 0, losses = 0, cancel_requested = 0,
    expires_at = NULL, progress = NULL, progress_note = NULL, result = NULL, error = NULL
WHERE id IN {IDS}"""

REMOVABLE = f"SELECT json_group_array(id) FROM {{p}}_tasks WHERE id IN {IDS} AND state <> 'running'"
DELETE_ATTEMPTS = f"DELETE FROM {{p}}_attempts WHERE task IN {IDS}"
DELETE_LOGS = f"DELETE FROM {{p}}_logs WHERE task IN {IDS}"
DELETE_TASKS = f"DELETE FROM {{p}}_tasks WHERE id IN {IDS}"

# --- upkeep

OVERDUE = f"SELECT {task_columns()} FROM {{p}}_tasks WHERE lease_until <= ? ORDER BY lease_until LIMIT ?"
EXPIRE = """
UPDATE {p}_tasks SET state = 'expired', ready = NULL, finished_at = ? WHERE rowid IN (
    SELECT rowid FROM {p}_tasks WHERE expires_at <= ? AND ready IS NOT NULL ORDER BY expires_at LIMIT ?)
RETURNING id"""
# The index of tasks at rest holds all that these read, a queue and a state at a time.
_IS_AT_REST = "ready IS NULL AND lease_until IS NULL"
QUEUES_AT_REST = f"""
WITH RECURSIVE found (queue) AS (
    SELECT min(queue) FROM {{p}}_tasks WHERE {_IS_AT_REST}
    UNION ALL
    SELECT (SELECT min(t.queue) FROM {{p}}_tasks AS t WHERE {_IS_AT_REST} AND t.queue > found.queue) FROM found
    WHERE found.queue IS NOT NULL)
SELECT queue FROM found WHERE queue IS NOT NULL"""
PRUNABLE = f"""
SELECT finished_at, rowid FROM {{p}}_tasks
WHERE {_IS_AT_REST} AND queue = ? AND state = ? AND finished_at < ? ORDER BY finished_at LIMIT ?"""
IDS_AT = f"SELECT json_group_array(id) FROM {{p}}_tasks WHERE rowid IN {IDS}"
STOPPING = "SELECT id, attempt FROM {p}_tasks WHERE worker = ? AND cancel_requested = 1 AND state = 'running'"

# --- logs

ADD_LINES = """
INSERT INTO {p}_logs (task, attempt, at, level, message)
SELECT s.task, s.attempt, s.at, s.level, s.message
FROM (SELECT column1 AS task, column2 AS attempt, column3 AS at, column4 AS level, column5 AS message
    FROM (VALUES {rows})) AS s
CROSS JOIN {p}_tasks AS t WHERE t.id = s.task"""

# --- reading

GET = f"SELECT {task_columns()} FROM {{p}}_tasks WHERE id = ?"

# Four covering indexes between them hold every task once. A task past its expiry counts, but nobody waits for it; the
# index of waiting tasks does not tell, and hardly any of them is due.
_SCHEDULED = "count(CASE WHEN attempt = 0 AND run_at > ?1 THEN 1 END)"
_RETRYING = "count(CASE WHEN attempt > 0 THEN 1 END)"
_IS_EXPIRED = "rowid IN (SELECT rowid FROM {p}_tasks WHERE expires_at <= ?1 AND ready IS NOT NULL)"
COUNTS = f"""
SELECT queue, 'pending', count(*), {_SCHEDULED}, {_RETRYING},
    min(CASE WHEN run_at <= ?1 AND (expires_at IS NULL OR expires_at > ?1) THEN run_at END)
FROM {{p}}_tasks WHERE ready = 1 GROUP BY queue
UNION ALL
SELECT queue, 'pending', count(*), {_SCHEDULED}, {_RETRYING},
    min(CASE WHEN run_at <= ?1 AND NOT {_IS_EXPIRED} THEN run_at END)
FROM {{p}}_tasks WHERE ready = 0 GROUP BY queue
UNION ALL
SELECT queue, 'running', count(*), 0, 0, NULL FROM {{p}}_tasks WHERE lease_until IS NOT NULL GROUP BY queue
UNION ALL
SELECT queue, state, count(*), 0, 0, NULL FROM {{p}}_tasks WHERE ready IS NULL AND lease_until IS NULL
GROUP BY queue, state"""

# The kept attempts, and the one that the task's own row tells of, unless it was kept as well.
ATTEMPTS = f"""
SELECT number, worker, started_at, finished_at, ended, result, error, version FROM {{p}}_attempts WHERE task = ?1
UNION ALL
SELECT attempt, worker, started_at, finished_at, CASE state {_ENDED_BY} END,
    CASE state WHEN 'succeeded' THEN result END,
    CASE state WHEN 'running' THEN NULL ELSE error END, CASE state WHEN 'running' THEN NULL ELSE version END
FROM {{p}}_tasks AS t
WHERE id = ?1 AND worker IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM {{p}}_attempts AS a WHERE a.task = t.id AND a.number = t.attempt)
ORDER BY 1"""

_LINES = "SELECT l.task, l.attempt, l.at, l.level, l.message FROM {p}_logs AS l"
LINES = f"{_LINES} ORDER BY l.line DESC LIMIT ?"
LINES_OF_TASK = f"{_LINES} WHERE l.task = ? ORDER BY l.line DESC LIMIT ?"
# CROSS JOIN keeps the order of the loops: newest lines first, each looks at its task.
LINES_OF_NAME = f"{_LINES} CROSS JOIN {{p}}_tasks AS t ON t.id = l.task AND t.name = ? ORDER BY l.line DESC LIMIT ?"
LINES_OF_BOTH = f"""
{_LINES} CROSS JOIN {{p}}_tasks AS t ON t.id = l.task AND t.name = ? WHERE l.task = ? ORDER BY l.line DESC LIMIT ?"""

_CLAIMABLE = f"""run_at <= ?2 AND queue IN (SELECT value FROM json_each(?1))
    AND (expires_at IS NULL OR expires_at > ?2) AND {_IS_FREE}"""
_TASKS_AND_BUSY = "{p}_tasks AS t LEFT JOIN busy ON busy.shared = t.concurrency_key"
HAS_WORK = f"""
WITH {_BUSY}
SELECT EXISTS (SELECT 1 FROM {_TASKS_AND_BUSY} WHERE ready = 1 AND {_CLAIMABLE})
    OR EXISTS (SELECT 1 FROM {_TASKS_AND_BUSY} WHERE ready = 0 AND {_CLAIMABLE})"""
NEXT_DUE = "SELECT min(run_at) FROM {p}_tasks WHERE ready = 0"
