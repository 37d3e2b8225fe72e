"""A database as lapinq 1.3.0 leaves it."""

import json
from collections.abc import Mapping
from typing import Any

import asyncpg

SCHEMA = """
CREATE TABLE lapinq_tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), queue_name text NOT NULL, task_name text NOT NULL,
    module_path text NOT NULL, args jsonb NOT NULL DEFAULT '[]', kwargs jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending', result text, error text, attempts integer NOT NULL DEFAULT 0,
    max_retries integer NOT NULL DEFAULT 3, priority integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(), scheduled_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz, completed_at timestamptz, last_heartbeat timestamptz, worker_id text, ttl_seconds float8,
    metadata jsonb DEFAULT '{}', progress float8, progress_message text, retry_delay float8,
    retry_backoff boolean DEFAULT true, webhook_url text,
    CONSTRAINT lapinq_tasks_status_check
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled', 'expired')));
CREATE INDEX idx_tasks_status ON lapinq_tasks (status, created_at);
CREATE INDEX idx_tasks_scheduled ON lapinq_tasks (scheduled_at) WHERE status = 'pending';
CREATE INDEX idx_tasks_pending_priority ON lapinq_tasks (priority DESC, created_at) WHERE status = 'pending';
CREATE FUNCTION notify_lapinq_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('lapinq_changed', ''); RETURN NULL; END $$;
CREATE TRIGGER lapinq_change_trigger AFTER INSERT OR UPDATE ON lapinq_tasks
    FOR EACH STATEMENT EXECUTE FUNCTION notify_lapinq_change();
CREATE TABLE lapinq_users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), username text UNIQUE NOT NULL, password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user')), permissions jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE lapinq_scheduled_tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), queue_name text NOT NULL DEFAULT 'default',
    task_name text NOT NULL, module_path text NOT NULL, args jsonb NOT NULL DEFAULT '[]',
    kwargs jsonb NOT NULL DEFAULT '{}', cron text NOT NULL, ttl_seconds float8, priority integer NOT NULL DEFAULT 0,
    max_retries integer NOT NULL DEFAULT 3, metadata jsonb DEFAULT '{}', retry_delay float8,
    retry_backoff boolean DEFAULT true, webhook_url text, enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(), last_triggered_at timestamptz);
CREATE TABLE lapinq_schema_version (version integer PRIMARY KEY);
INSERT INTO lapinq_schema_version SELECT generate_series(0, 5);
"""

_JSON = frozenset({"args", "kwargs", "metadata", "permissions"})


async def create(connection: "asyncpg.Connection") -> None:
    await connection.execute(SCHEMA)


async def insert(connection: "asyncpg.Connection", table: str, **row: Any) -> Mapping[str, Any]:
    """Insert a row, and return it whole."""
    values = [json.dumps(value) if name in _JSON else value for name, value in row.items()]
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return dict(
        await connection.fetchrow(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) RETURNING *", *values)
    )
