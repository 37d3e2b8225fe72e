"""The documents of ``--json``, as JSON Schemas. A field more or less is a change that programs have to be told of."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer", "minimum": 0}
MAYBE_WHOLE: Schema = {"type": ["integer", "null"], "minimum": 0}
MAYBE_SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
YES_OR_NO: Schema = {"type": "boolean"}
AT: Schema = {"type": "string", "format": "date-time"}
MAYBE_AT: Schema = {"type": ["string", "null"], "format": "date-time"}
ANY: Schema = {}


def words(*known: str) -> Schema:
    return {"enum": list(known)}


def thing(**fields: Schema) -> Schema:
    """An object with exactly these fields."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def many(each: Schema) -> Schema:
    return {"type": "array", "items": each}


def items(each: Schema, **about: Schema) -> Schema:
    return thing(items=many(each), **about)


JOB_FIELDS: Mapping[str, Schema] = {
    "id": {"type": "integer", "minimum": 1},
    "state": words(
        *("pending", "scheduled", "retrying", "running", "cancelling", "waiting", "success", "dead", "cancelled"),
        *("interrupted", "expired"),
    ),
    "status": words("PENDING", "RUNNING", "SUCCESS", "FAILED"),
    "handler": MAYBE_TEXT,
    "queue": TEXT,
    "priority": {"type": "integer"},
    "payload": ANY,
    "result": MAYBE_TEXT,
    "return_value": ANY,
    "error": MAYBE_TEXT,
    "retries": WHOLE,
    "attempts": WHOLE,
    "max_attempts": MAYBE_WHOLE,
    "retry_policy": words("fixed", "exponential", "none"),
    "interval_seconds": MAYBE_WHOLE,
    "created_at": AT,
    "scheduled_for": AT,
    "started_at": MAYBE_AT,
    "finished_at": MAYBE_AT,
    "duration_ms": MAYBE_WHOLE,
    "worker": MAYBE_TEXT,
    "progress": MAYBE_SHARE,
    "note": MAYBE_TEXT,
    "handler_hash": MAYBE_TEXT,
}
JOB = thing(**JOB_FIELDS)
LEVEL = words("DEBUG", "INFO", "WARNING", "ERROR")
INSPECTED = thing(**JOB_FIELDS, timeline=many(thing(timestamp=AT, level=LEVEL, message=TEXT)))
JOBS = items(JOB)
PAGE_OF_JOBS = items(JOB, next_cursor=MAYBE_TEXT)
LINES = items(thing(timestamp=AT, job_id=WHOLE, handler=MAYBE_TEXT, level=LEVEL, message=TEXT))

REPLAYED = thing(id=WHOLE, new_id=WHOLE)
SKIPPED = many(thing(id=WHOLE, reason=TEXT))
ALL_REPLAYED = thing(replayed=many(REPLAYED), skipped=SKIPPED)
CANCELLED = thing(cancelled=many(thing(id=WHOLE, state=words("cancelled", "cancelling"))), skipped=SKIPPED)
RETRIED = thing(retried=many(thing(id=WHOLE)), skipped=SKIPPED)
DELETED = thing(deleted=many(thing(id=WHOLE)), skipped=SKIPPED)
PURGED = thing(purged=WHOLE)
TO_PURGE = thing(would_purge=WHOLE)

_COUNTS = dict.fromkeys(("pending", "scheduled", "retrying", "running", "success", "dead"), WHOLE)
QUEUE = thing(
    name=TEXT,
    state=words("open", "paused"),
    paused=YES_OR_NO,
    **_COUNTS,
    cancelled=WHOLE,
    limit=MAYBE_WHOLE,
    workers=MAYBE_WHOLE,
    oldest_due=MAYBE_AT,
)
QUEUES = items(QUEUE)
STATUS = thing(
    ok=YES_OR_NO, **_COUNTS, workers=MAYBE_WHOLE, oldest_ms=MAYBE_WHOLE, problems=many(TEXT), queues=many(QUEUE)
)

SCHEDULE = thing(
    id=TEXT,
    state=words("active", "paused"),
    paused=YES_OR_NO,
    when=TEXT,
    cron=MAYBE_TEXT,
    zone=MAYBE_TEXT,
    every_ms=MAYBE_WHOLE,
    start=MAYBE_AT,
    handler=MAYBE_TEXT,
    queue=TEXT,
    priority={"type": "integer"},
    payload=ANY,
    misfire=TEXT,
    overlap=TEXT,
    next_at=MAYBE_AT,
)
SCHEDULES = items(SCHEDULE)
STORED_BY_SCHEDULE = items(thing(id=WHOLE, schedule=TEXT))
INSTANTS = items(thing(instant=AT))
FIRED = items(
    thing(
        instant=AT,
        last=MAYBE_AT,
        count=WHOLE,
        job_id=MAYBE_WHOLE,
        state=MAYBE_TEXT,
        skipped=MAYBE_TEXT,
        job={"anyOf": [JOB, {"type": "null"}]},
    )
)

WORKERS = items(
    thing(
        id=TEXT,
        state=words("online", "draining", "stopped", "silent"),
        host=TEXT,
        pid=WHOLE,
        version=TEXT,
        queues=many(TEXT),
        running=WHOLE,
        slots=WHOLE,
        processed=WHOLE,
        failed=WHOLE,
        memory_bytes=MAYBE_WHOLE,
        handlers=many(TEXT),
        started_at=AT,
        seen_ms=WHOLE,
    )
)
HANDLERS = items(
    thing(name=TEXT, function=TEXT, kind=words("sync", "async"), source_hash=MAYBE_TEXT, summary=MAYBE_TEXT)
)
USERS = items(thing(name=TEXT, role=TEXT, enabled=YES_OR_NO, last_login=MAYBE_AT))
STATS = items(
    thing(
        at=AT,
        **dict.fromkeys(("put", "succeeded", "failed", "retried", "cancelled", "lost", "expired", "released"), WHOLE),
        success_rate=MAYBE_SHARE,
        **{f"{what}_p{part}_ms": MAYBE_WHOLE for what in ("run", "wait") for part in (50, 95, 99)},
    )
)
CHECKS = items(thing(check=TEXT, ok=YES_OR_NO, detail=TEXT, level=words("ok", "warning", "failed")))
SETTINGS = items(
    thing(
        key=TEXT,
        value=ANY,
        origin=words("option", "environment", "file", "default"),
        source=MAYBE_TEXT,
        variable=TEXT,
    )
)
TO_MIGRATE = items(thing(state=TEXT, jobs=WHOLE), schedules=WHOLE, dry_run={"const": True})
ERROR = thing(error=thing(code=TEXT, message=TEXT, hint=MAYBE_TEXT))
