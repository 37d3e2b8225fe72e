"""What makes ``UPDATE lapinq_tasks SET queue_name = ...`` count, by which people move tasks to another queue."""

from lapinq.schema.names import CORE

BEFORE = "(SELECT OLD.queue, OLD.state, OLD.attempt) AS moved WHERE state <> 'running'"
AFTER = "(SELECT NEW.queue, NEW.state, NEW.attempt) AS moved WHERE state <> 'running'"
"""A task as it was, and as it is. One that runs is counted by its lease, which it keeps to its end."""


def statements(counted: str) -> tuple[str, ...]:
    """
    Args:
        counted: counts ``AFTER`` more, and ``BEFORE`` no more.
    """
    return (
        f"""
CREATE OR REPLACE FUNCTION {CORE}_tasks_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {counted};
    RETURN NULL;
END $$""",
        f"DROP TRIGGER IF EXISTS {CORE}_tasks_moved ON {CORE}_tasks",
        f"""
CREATE TRIGGER {CORE}_tasks_moved AFTER UPDATE OF queue ON {CORE}_tasks FOR EACH ROW
WHEN (NEW.queue <> OLD.queue) EXECUTE FUNCTION {CORE}_tasks_moved()""",
    )
