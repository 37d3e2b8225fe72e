"""The JSON that goes in and out, as JSON Schema."""

from collections.abc import Collection, Mapping
from typing import Any

from taskcore.models.task import MAX_LIMIT
from taskcore.schedule import Overlap

from lapinq.accounts import MIN_PASSWORD
from lapinq.keys import MOST_DAYS
from lapinq.orders import MAX_RETRIES, MAX_URL
from lapinq.roles import GRANTED, KEY_GRANTED, USER_ROLES
from lapinq.vocabulary import STATUSES
from lapinq.webhooks.entries import STATES as DELIVERY_STATES

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
ID: Schema = {"type": "string", "format": "uuid"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
STATUS: Schema = {"type": "string", "enum": list(STATUSES)}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
MODULE: Schema = {"type": "string", "pattern": r"^[A-Za-z]\w*(\.[A-Za-z]\w*)*$", "maxLength": 150}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema, **more: object) -> Schema:
    return {"type": "array", "items": schema, **more}


def ref(name: str) -> Schema:
    """One of ``SCHEMAS``."""
    return {"$ref": f"#/components/schemas/{name}"}


def fields(properties: Mapping[str, Schema], *, optional: Collection[str] = ()) -> Schema:
    """An object with these keys; there may be more in later releases."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def taken(properties: Mapping[str, Schema], *, required: Collection[str]) -> Schema:
    """An object that is sent."""
    return {"type": "object", "properties": properties, "required": list(required)}


def one_of(*words: str) -> Schema:
    """Text that is one of these."""
    return {"type": "string", "enum": list(words)}


def word(*words: str) -> Schema:
    return fields({"status": {"type": "string", "enum": list(words)}})


_SECONDS: Schema = {"type": "number", "minimum": 0, "maximum": 31_536_000}
_ORDER: Mapping[str, Schema] = {
    "task_name": {**NAME, "maxLength": 49, "description": "of the function"},
    "module_path": {**MODULE, "description": "of the module that has it, below the import roots"},
    "queue_name": {**NAME, "default": "default"},
    "args": maybe({"type": "array"}),
    "kwargs": maybe(OBJECT),
    "scheduled_at": maybe({**TEXT, "description": "ISO 8601; without a zone it is UTC"}),
    "max_retries": {"type": "integer", "minimum": 0, "maximum": MAX_RETRIES, "default": 3, "description": "executions"},
    "priority": {"type": "integer", "minimum": -(2**31) + 1, "maximum": 2**31 - 1, "default": 0},
    "ttl_seconds": maybe({**_SECONDS, "description": "0 stores nothing"}),
    "metadata": maybe(OBJECT),
    "retry_delay": maybe(_SECONDS),
    "retry_backoff": maybe({**FLAG, "default": True}),
    "webhook_url": maybe({**TEXT, "pattern": "^(https?://|$)", "maxLength": MAX_URL, "description": "empty is none"}),
    "idempotency_key": maybe({**NAME, "description": "of orders with the same only the first stores a task"}),
}
_TASK: Mapping[str, Schema] = {
    "id": ID,
    "queue_name": TEXT,
    "task_name": TEXT,
    "module_path": TEXT,
    "args": {"type": "array"},
    "kwargs": OBJECT,
    "status": STATUS,
    "result": maybe({**TEXT, "description": "JSON"}),
    "error": maybe(TEXT),
    "attempts": COUNT,
    "max_retries": COUNT,
    "priority": WHOLE,
    "created_at": INSTANT,
    "scheduled_at": INSTANT,
    "started_at": maybe(INSTANT),
    "completed_at": maybe(INSTANT),
    "last_heartbeat": maybe(INSTANT),
    "worker_id": maybe(TEXT),
    "ttl_seconds": maybe(NUMBER),
    "metadata": OBJECT,
    "progress": maybe({"type": "number", "minimum": 0, "maximum": 100}),
    "progress_message": maybe(TEXT),
    "retry_delay": maybe(NUMBER),
    "retry_backoff": FLAG,
    "webhook_url": maybe(TEXT),
    "ttl_remaining": TEXT,
}
_OF_TASKS_ALONE = ("scheduled_at", "idempotency_key")
TIMING: Mapping[str, Schema] = {
    "cron": {**TEXT, "minLength": 1, "maxLength": 200, "description": "five fields, or a macro such as @daily"},
    "zone": {**NAME, "default": "UTC", "description": "IANA time zone of cron"},
    "gap": {**one_of("run_after", "skip"), "default": "run_after", "description": "when clocks go forward over it"},
    "fold": {**one_of("first", "second", "both"), "default": "first", "description": "when clocks go back over it"},
    "misfire": {**one_of("coalesce", "all", "skip"), "default": "coalesce", "description": "instants that were missed"},
    "grace": {**_SECONDS, "default": 60, "description": "seconds that an instant may be late without being missed"},
    "overlap": {**one_of(*Overlap), "default": "allow", "description": "while the task before is not finished"},
}
_SCHEDULE: Mapping[str, Schema] = {
    **TIMING,
    "enabled": {**FLAG, "default": True},
    **{name: schema for name, schema in _ORDER.items() if name not in _OF_TASKS_ALONE},
}
_PERMISSIONS: Schema = {
    "type": "object",
    "properties": {
        "queues": {
            "type": "object",
            "additionalProperties": listed({"type": "string", "enum": [verb.value for verb in GRANTED]}),
        }
    },
    "additionalProperties": False,
}
_ROLE: Schema = {"type": "string", "enum": sorted(USER_ROLES)}
_USER: Mapping[str, Schema] = {"id": ID, "username": TEXT, "role": _ROLE, "created_at": INSTANT}
_PASSWORD: Schema = {"type": "string", "minLength": MIN_PASSWORD}

_REACHED = fields(
    {
        "attempt": COUNT,
        "started_at": INSTANT,
        "seconds": maybe(NUMBER),
        "status_code": maybe(WHOLE),
        "error": maybe(TEXT),
    }
)

_DELIVERY: Mapping[str, Schema] = {
    "id": TEXT,
    "task_id": ID,
    "event": {**STATUS, "description": "with which the task ended"},
    "queue": maybe(TEXT),
    "endpoint": {**TEXT, "description": "without the query of its URL"},
    "status": one_of(*DELIVERY_STATES),
    "attempts": COUNT,
    "status_code": maybe(WHOLE),
    "error": maybe(TEXT),
    "created_at": INSTANT,
    "next_attempt_at": maybe(INSTANT),
    "ended_at": maybe(INSTANT),
}
_SECRET: Mapping[str, Schema] = {
    "id": maybe(ID),
    "fingerprint": TEXT,
    "source": one_of("environment", "database"),
    "created_at": maybe(INSTANT),
    "ends_at": maybe(INSTANT),
}

_KEY: Mapping[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "prefix": {**TEXT, "description": "how it begins"},
    "state": one_of("active", "expired", "revoked"),
    "owner": maybe({**TEXT, "description": "the user with whose account it ends"}),
    "role": TEXT,
    "permissions": OBJECT,
    "created_at": INSTANT,
    **dict.fromkeys(("expires_at", "last_used_at", "revoked_at"), maybe(INSTANT)),
    "last_used_from": maybe(TEXT),
}
_OF_KEYS: Schema = {
    "type": "object",
    "properties": {
        "queues": {
            "type": "object",
            "description": "by name; * is every queue",
            "additionalProperties": listed({"type": "string", "enum": [verb.value for verb in KEY_GRANTED]}),
        }
    },
    "additionalProperties": False,
}

SCHEMAS: Mapping[str, Schema] = {
    "Key": fields(_KEY),
    "IssuedKey": fields({**_KEY, "key": {**TEXT, "description": "shown this once"}}),
    "NewKey": taken(
        {
            "name": NAME,
            "role": maybe({"type": "string", "enum": ["", *sorted(USER_ROLES)]}),
            "permissions": maybe(_OF_KEYS),
            "expires_in_days": maybe({"type": "number", "exclusiveMinimum": 0, "maximum": MOST_DAYS}),
        },
        required=("name",),
    ),
    "KeyRotation": taken(
        {"grace_seconds": {"type": "number", "minimum": 0, "maximum": 2_592_000, "default": 86_400}}, required=()
    ),
    "LoggedDelivery": fields(_DELIVERY),
    "DeliveryDetail": fields({**_DELIVERY, "body": {**TEXT, "description": "JSON"}, "tries": listed(_REACHED)}),
    "Receiver": fields(
        {
            "url": TEXT,
            "circuit": one_of("open", "closed"),
            **dict.fromkeys(("delivered", "waiting", "failed", "failures"), COUNT),
            **dict.fromkeys(("last_at", "since", "next_at"), maybe(INSTANT)),
        }
    ),
    "ReceiverNamed": taken({"url": {**TEXT, "minLength": 1, "maxLength": MAX_URL}}, required=("url",)),
    "Secret": fields(_SECRET),
    "NewSecret": fields({**_SECRET, "secret": {**TEXT, "description": "whsec_..., shown this once"}}),
    "Rotation": taken(
        {"grace_seconds": {"type": "number", "minimum": 0, "maximum": 31_536_000, "default": 86_400}}, required=()
    ),
    "Delivery": fields(
        {
            "id": TEXT,
            "status": one_of(*DELIVERY_STATES),
            "created_at": INSTANT,
            "next_attempt_at": maybe(INSTANT),
            "attempts": listed(_REACHED),
        }
    ),
    "Error": fields({"error": TEXT}),
    "Order": taken(_ORDER, required=("task_name", "module_path")),
    "Placed": fields({"task_id": maybe(ID), "ttl_seconds": WHOLE}, optional=("ttl_seconds",)),
    "PlacedBatch": fields({"task_ids": listed(ID), "count": COUNT}),
    "Task": fields(_TASK),
    "Outcome": fields({name: _TASK[name] for name in ("id", "status", "result", "error", "completed_at")}),
    "Unfinished": fields({"error": TEXT, "status": STATUS}),
    "Attempt": fields(
        {
            "attempt": COUNT,
            "worker_id": TEXT,
            "started_at": INSTANT,
            "finished_at": maybe(INSTANT),
            "outcome": TEXT,
            "result": maybe(TEXT),
            "error": maybe(TEXT),
            "traceback": maybe(TEXT),
        }
    ),
    "Line": fields({"attempt": COUNT, "at": INSTANT, "level": TEXT, "message": TEXT}),
    "Progress": taken(
        {"progress": {"type": "number", "minimum": 0, "maximum": 100}, "message": maybe(TEXT)}, required=("progress",)
    ),
    "NewSchedule": taken(_SCHEDULE, required=("task_name", "module_path", "cron")),
    "ScheduleChange": taken(_SCHEDULE, required=()),
    "Schedule": fields(
        {
            "id": ID,
            **TIMING,
            "enabled": FLAG,
            **{name: _TASK[name] for name in _ORDER if name not in _OF_TASKS_ALONE},
            "created_at": INSTANT,
            "last_triggered_at": maybe(INSTANT),
            "next_run_at": maybe(INSTANT),
            "problem": maybe(TEXT),
        }
    ),
    "SchedulePreview": fields(
        {"words": TEXT, "runs": listed(fields({"at": INSTANT, "local": TEXT})), "notes": listed(TEXT)}
    ),
    "ScheduleRun": fields(
        {"instant": INSTANT, "last": INSTANT, "count": COUNT, "task_id": maybe(TEXT), "skipped": maybe(TEXT)}
    ),
    "Queue": fields(
        {"queue_name": TEXT, **dict.fromkeys(STATUSES, COUNT), "paused": FLAG, "concurrency": maybe(COUNT)}
    ),
    "Limit": taken(
        {"concurrency": maybe({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT})}, required=("concurrency",)
    ),
    "Health": fields({"status": {"type": "string", "enum": ["ok", "error"]}, "database": TEXT}),
    "User": fields({**_USER, "permissions": _PERMISSIONS, "must_change_password": FLAG}),
    "MadeUser": fields(_USER),
    "NewUser": taken(
        {"username": {"type": "string", "minLength": 1, "maxLength": 100}, "password": _PASSWORD, "role": _ROLE},
        required=("username", "password"),
    ),
    "Role": taken({"role": _ROLE}, required=("role",)),
    "Permissions": _PERMISSIONS,
    "Passwords": taken(
        {"current_password": TEXT, "new_password": _PASSWORD}, required=("current_password", "new_password")
    ),
    "Login": taken({"username": TEXT, "password": TEXT}, required=("username", "password")),
}
