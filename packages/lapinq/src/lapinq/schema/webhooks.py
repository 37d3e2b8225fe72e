"""What webhooks need in the database: ends of tasks are noted by the very commit that ends them."""

# ruff: noqa: S608 - statements are put together from constants alone
from lapinq.schema.names import CORE, HOOKS, WEBHOOK_ENDPOINTS, WEBHOOK_SECRETS, WEBHOOKS_DUE

_DUE = f"""
CREATE TABLE IF NOT EXISTS {WEBHOOKS_DUE} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task text COLLATE "C" NOT NULL,
    state text NOT NULL,
    result text,
    error text,
    meta text NOT NULL,
    queue text
)"""

_ENDPOINTS = f"""
CREATE TABLE IF NOT EXISTS {WEBHOOK_ENDPOINTS} (
    url text PRIMARY KEY,
    failures integer NOT NULL,
    next_at timestamptz NOT NULL
)"""

_NOTE = f"""
CREATE OR REPLACE FUNCTION {WEBHOOKS_DUE}_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.meta::json ->> 'webhook' IS NOT NULL THEN
        INSERT INTO {WEBHOOKS_DUE} (task, state, result, error, meta, queue)
        VALUES (NEW.id, NEW.state, NEW.result, NEW.error, NEW.meta, NEW.queue);
    END IF;
    RETURN NULL;
END $$"""

# The condition is asked without calling the function; nearly all tasks have no webhook.
_TRIGGER = f"""
CREATE TRIGGER {WEBHOOKS_DUE} AFTER UPDATE OF state ON {CORE}_tasks FOR EACH ROW
WHEN (NEW.meta IS NOT NULL AND NEW.meta LIKE '%"webhook"%' AND NEW.state NOT IN ('pending', 'running')
    AND NEW.state <> OLD.state)
EXECUTE FUNCTION {WEBHOOKS_DUE}_note()"""

_SECRETS = f"""
CREATE TABLE IF NOT EXISTS {WEBHOOK_SECRETS} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    secret text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    ends_at timestamptz
)"""

# People look for the deliveries to one receiver, and see only those about queues that they may see.
_BY_ENDPOINT = f"""
CREATE INDEX IF NOT EXISTS {HOOKS}_tasks_endpoint ON {HOOKS}_tasks ((meta::json ->> 'endpoint'), id)
WHERE meta IS NOT NULL"""

LATER = (
    f"ALTER TABLE {WEBHOOKS_DUE} ADD COLUMN IF NOT EXISTS queue text",
    _NOTE,
    f"ALTER TABLE {WEBHOOK_ENDPOINTS} ADD COLUMN IF NOT EXISTS since timestamptz NOT NULL DEFAULT now()",
    _SECRETS,
    _BY_ENDPOINT,
)
"""What came to the tables of the first release with webhooks."""

STATEMENTS = (_DUE, _ENDPOINTS, _NOTE, f"DROP TRIGGER IF EXISTS {WEBHOOKS_DUE} ON {CORE}_tasks", _TRIGGER)
