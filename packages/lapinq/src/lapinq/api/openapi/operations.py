"""What can be asked, and what is answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from lapinq.api.openapi.schemas import (
    COUNT,
    FLAG,
    ID,
    NAME,
    STATUS,
    TEXT,
    TIMING,
    Schema,
    fields,
    listed,
    one_of,
    ref,
    word,
)
from lapinq.orders import BATCH
from lapinq.webhooks.entries import STATES as DELIVERY_STATES

_ERRORS: Mapping[int, str] = {
    400: "What was sent is not valid",
    401: "Nobody was recognised",
    403: "The caller may not do this",
    404: "There is no such thing, or its status does not allow this",
    409: "Its state does not allow this",
    413: "The body is too large",
    429: "Too many requests; Retry-After says when to come again",
    503: "The database cannot be reached",
}
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 1000}
_FILTERS = tuple(
    {"name": name, "in": "query", "schema": schema, "description": told}
    for name, schema, told in (
        ("queue", TEXT, "exactly"),
        ("status", STATUS, "exactly"),
        ("task_name", TEXT, "a part of it, in either case; % and _ stand for any text and any character"),
        ("args", TEXT, "a part of the arguments as JSON"),
        ("result", TEXT, "a part of the result"),
        ("error", TEXT, "a part of the error"),
    )
)
_PAGE = (
    {"name": "limit", "in": "query", "schema": {**_LIMIT, "default": 50}},
    {"name": "cursor", "in": "query", "schema": TEXT, "description": "from the Link of the page before"},
)
_TIMING: Sequence[Mapping[str, Any]] = (
    {"name": "cron", "in": "query", "required": True, "schema": TIMING["cron"]},
    *({"name": name, "in": "query", "schema": TIMING[name]} for name in ("zone", "gap", "fold")),
    {"name": "limit", "in": "query", "schema": {**_LIMIT, "maximum": 100, "default": 5}},
)
_CHANGE = (
    {"name": "all", "in": "query", "schema": FLAG, "description": "there is no filter, and that is meant"},
    {"name": "dry_run", "in": "query", "schema": FLAG, "description": "only say how many there are"},
)
_TASK = {"name": "id", "in": "path", "required": True, "schema": ID}
_DELIVERY = {
    "name": "delivery",
    "in": "path",
    "required": True,
    "schema": {**TEXT, "pattern": "^msg_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
}
_OF_DELIVERIES: Mapping[str, Schema] = {
    "status": one_of(*DELIVERY_STATES),
    "endpoint": {**TEXT, "description": "a URL without its query"},
    "task": ID,
    "queue": {**TEXT, "description": "of the task"},
}
_QUEUE = {"name": "queue", "in": "path", "required": True, "schema": NAME}
_USER = {"name": "uid", "in": "path", "required": True, "schema": ID}
_KEY = {"name": "Idempotency-Key", "in": "header", "schema": {**NAME, "pattern": "^[!-~]+$"}}
_BATCH_KEY = {**_KEY, "schema": {**NAME, "pattern": "^[!-~]+$", "maxLength": 195}}
"""It has room for the place of each task."""


def operation(
    summary: str,
    answer: Schema,
    *,
    parameters: Sequence[Mapping[str, Any]] = (),
    body: Schema | None = None,
    status: int = 200,
    also: Mapping[int, Schema] | None = None,
    errors: Sequence[int] = (),
) -> dict[str, Any]:
    """An operation of the API; of errors those are named that not every operation has."""
    told = {status: _answer("Done", answer), **{code: _answer("Begun", each) for code, each in (also or {}).items()}}
    failed = {code: _answer(_ERRORS[code], ref("Error")) for code in sorted({400, 401, 403, 429, 503, *errors})}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {str(code): each for code, each in {**told, **failed}.items()},
        **({"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}),
    }


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _changed(verb: str) -> Schema:
    return fields({verb: COUNT, f"would_be_{verb}": COUNT, "dry_run": FLAG}, optional=(f"would_be_{verb}", "dry_run"))


def of_tasks(prefix: str) -> dict[str, dict[str, Any]]:
    """Below the prefix of the API."""
    one, many = f"{prefix}/tasks/{{id}}", f"{prefix}/tasks"
    tasks = listed(ref("Task"))
    batch = listed(ref("Order"), maxItems=BATCH)
    result = {"anyOf": [ref("Outcome"), ref("Unfinished")]}
    lines = {"name": "limit", "in": "query", "schema": {**_LIMIT, "default": 100}}
    return {
        f"{prefix}/enqueue": {
            "post": operation(
                "Enqueue a task", ref("Placed"), parameters=[_KEY], body=ref("Order"), status=201, errors=[409, 413]
            )
        },
        f"{prefix}/enqueue/batch": {
            "post": operation(
                "Enqueue tasks, all or none",
                ref("PlacedBatch"),
                parameters=[_BATCH_KEY],
                body=batch,
                status=201,
                errors=[409, 413],
            )
        },
        many: {
            "get": operation("Tasks, newest first", tasks, parameters=[*_FILTERS, *_PAGE]),
            "delete": operation("Delete tasks", _changed("deleted"), parameters=[*_FILTERS, *_CHANGE]),
        },
        f"{many}/failed": {
            "get": operation("Failed tasks, newest first", tasks, parameters=[_FILTERS[0], *_PAGE]),
        },
        f"{many}/requeue": {
            "post": operation("Requeue failed tasks", _changed("requeued"), parameters=[*_FILTERS, *_CHANGE])
        },
        f"{many}/cancel": {"post": operation("Cancel tasks", _changed("cancelled"), parameters=[*_FILTERS, *_CHANGE])},
        one: {
            "get": operation("A task", ref("Task"), parameters=[_TASK], errors=[404]),
            "delete": operation("Cancel a pending task", word("cancelled"), parameters=[_TASK], errors=[404]),
        },
        f"{one}/cancel": {
            "post": operation(
                "Cancel a task, or ask it to stop",
                word("cancelled"),
                parameters=[_TASK],
                also={202: word("cancelling")},
                errors=[404, 409],
            )
        },
        f"{one}/requeue": {
            "post": operation("Requeue a failed task", word("requeued"), parameters=[_TASK], errors=[404])
        },
        f"{one}/progress": {
            "patch": operation(
                "Say how far a task is", word("ok"), parameters=[_TASK], body=ref("Progress"), errors=[404, 413]
            )
        },
        f"{one}/result": {"get": operation("How a task ended", result, parameters=[_TASK], errors=[404])},
        f"{one}/attempts": {
            "get": operation("Executions of a task", listed(ref("Attempt")), parameters=[_TASK], errors=[404])
        },
        f"{one}/logs": {
            "get": operation("Lines of a task", listed(ref("Line")), parameters=[_TASK, lines], errors=[404])
        },
        f"{one}/webhooks": {
            "get": operation("Deliveries of its webhook", listed(ref("Delivery")), parameters=[_TASK], errors=[404])
        },
        f"{one}/webhooks/{{delivery}}/replay": {
            "post": operation("Deliver again", word("requeued"), parameters=[_TASK, _DELIVERY], errors=[404])
        },
    }


def of_webhooks(prefix: str) -> dict[str, dict[str, Any]]:
    """Below the prefix of the API."""
    all_, delivery = f"{prefix}/webhooks", ref("LoggedDelivery")
    filters = [{"name": name, "in": "query", "schema": schema} for name, schema in _OF_DELIVERIES.items()]
    secret = {"name": "secret", "in": "path", "required": True, "schema": ID}
    return {
        f"{all_}/deliveries": {
            "get": operation("Deliveries, newest first", listed(delivery), parameters=[*filters, *_PAGE])
        },
        f"{all_}/deliveries/replay": {
            "post": operation(
                "Deliver again what was given up", fields({"requeued": COUNT}), parameters=[*filters[1:], _CHANGE[0]]
            )
        },
        f"{all_}/deliveries/{{delivery}}": {
            "get": operation("A delivery", ref("DeliveryDetail"), parameters=[_DELIVERY], errors=[404])
        },
        f"{all_}/deliveries/{{delivery}}/replay": {
            "post": operation("Deliver again", word("requeued"), parameters=[_DELIVERY], errors=[404, 409])
        },
        f"{all_}/endpoints": {"get": operation("Receivers, those that fail first", listed(ref("Receiver")))},
        f"{all_}/endpoints/close": {
            "post": operation(
                "Believe in a receiver again", word("closed"), body=ref("ReceiverNamed"), errors=[404, 413]
            )
        },
        f"{all_}/secrets": {
            "get": operation("What webhooks are signed with", listed(ref("Secret"))),
            "post": operation("Make a secret", ref("NewSecret"), body=ref("Rotation"), status=201, errors=[413]),
        },
        f"{all_}/secrets/{{secret}}": {
            "delete": operation("End a secret", word("ended"), parameters=[secret], errors=[404])
        },
    }


def of_schedules(prefix: str) -> dict[str, dict[str, Any]]:
    """Below the prefix of the API."""
    one, schedule = [{"name": "id", "in": "path", "required": True, "schema": ID}], ref("Schedule")
    new, change = ref("NewSchedule"), ref("ScheduleChange")
    return {
        f"{prefix}/schedules": {
            "get": operation("Schedules", listed(schedule)),
            "post": operation("Add a schedule", schedule, body=new, status=201, errors=[413]),
        },
        f"{prefix}/schedules/{{id}}": {
            "get": operation("A schedule", schedule, parameters=one, errors=[404]),
            "patch": operation("Change a schedule", schedule, parameters=one, body=change, errors=[404, 413]),
            "delete": operation("Remove a schedule", word("deleted"), parameters=one, errors=[404]),
        },
        f"{prefix}/schedules/preview": {
            "get": operation("When a schedule would put tasks", ref("SchedulePreview"), parameters=_TIMING),
        },
        f"{prefix}/schedules/{{id}}/pause": {
            "post": operation("Pause a schedule", word("paused"), parameters=one, errors=[404]),
        },
        f"{prefix}/schedules/{{id}}/resume": {
            "post": operation("Resume a schedule", word("resumed"), parameters=one, errors=[404]),
        },
        f"{prefix}/schedules/{{id}}/run": {
            "post": operation("Put its task at once", ref("Placed"), parameters=one, status=201, errors=[404]),
        },
        f"{prefix}/schedules/{{id}}/runs": {
            "get": operation(
                "What became of its instants, the newest first",
                listed(ref("ScheduleRun")),
                parameters=[*one, _PAGE[0]],
                errors=[404],
            ),
        },
    }


def of_queues(prefix: str) -> dict[str, dict[str, Any]]:
    """Below the prefix of the API."""
    one = f"{prefix}/queues/{{queue}}"
    return {
        f"{prefix}/queues": {"get": operation("Queues, and what is in them", listed(ref("Queue")))},
        f"{one}/pause": {"post": operation("Pause a queue", word("paused"), parameters=[_QUEUE], errors=[404])},
        f"{one}/resume": {"post": operation("Resume a queue", word("resumed"), parameters=[_QUEUE], errors=[404])},
        f"{one}/limit": {
            "post": operation(
                "Limit how many tasks of a queue run at once, on all workers",
                word("limited", "unlimited"),
                parameters=[_QUEUE],
                body=ref("Limit"),
                errors=[404, 413],
            )
        },
    }


def of_keys(prefix: str) -> dict[str, dict[str, Any]]:
    """Below the prefix of the API."""
    key = {"name": "key", "in": "path", "required": True, "schema": ID}
    after = {"name": "after", "in": "query", "schema": TEXT, "description": "the last id of the page before"}
    return {
        f"{prefix}/keys": {
            "get": operation("API keys, the newest first", listed(ref("Key")), parameters=[_PAGE[0], after]),
            "post": operation("Make an API key", ref("IssuedKey"), body=ref("NewKey"), status=201, errors=[404, 413]),
        },
        f"{prefix}/keys/{{key}}/rotate": {
            "post": operation(
                "Replace a key",
                ref("IssuedKey"),
                parameters=[key],
                body=ref("KeyRotation"),
                status=201,
                errors=[404, 413],
            )
        },
        f"{prefix}/keys/{{key}}": {"delete": operation("End a key", word("revoked"), parameters=[key], errors=[404])},
    }


def of_people() -> dict[str, dict[str, Any]]:
    """For those who are logged in."""
    one = "/admin/users/{uid}"
    after = {"name": "after", "in": "query", "schema": TEXT, "description": "the last name of the page before"}
    logged_in = fields({"status": TEXT, "id": ID, "username": TEXT, "admin": FLAG})
    return {
        "/login": {"post": operation("Log in", logged_in, body=ref("Login"), errors=[413])},
        "/me": {"get": operation("Who one is", ref("User"))},
        "/account/password": {
            "post": operation("Change one's password", word("ok"), body=ref("Passwords"), errors=[413])
        },
        "/admin/users": {
            "get": operation(
                "Users by name, for who accepts JSON",
                listed(ref("User")),
                parameters=[_PAGE[0], after],
            ),
            "post": operation("Make a user", ref("MadeUser"), body=ref("NewUser"), status=201, errors=[413]),
        },
        f"{one}/role": {
            "post": operation("Change a role", word("ok"), parameters=[_USER], body=ref("Role"), errors=[404, 409, 413])
        },
        f"{one}/permissions": {
            "post": operation("Grant", word("ok"), parameters=[_USER], body=ref("Permissions"), errors=[404, 409, 413])
        },
        one: {"delete": operation("Remove a user", word("ok"), parameters=[_USER], errors=[404, 409])},
    }


def of_health() -> dict[str, dict[str, Any]]:
    """For everybody."""
    metrics = {"description": "For Prometheus", "content": {"text/plain": {"schema": TEXT}}}
    health = {
        str(status): {"description": told, "content": {"application/json": {"schema": ref("Health")}}}
        for status, told in ((200, "All is well"), (503, "The database cannot be reached"))
    }
    return {
        "/health": {"get": {"summary": "Health", "responses": health, "security": []}},
        "/metrics": {"get": {"summary": "Metrics", "responses": {"200": metrics}, "security": []}},
    }
