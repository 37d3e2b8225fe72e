"""How tasks are removed with all that belongs to them: by this package, and by SQL on the view ``lapinq_tasks``, as
people do who kept the table of the public release small by themselves."""

# ruff: noqa: S608 - statements are put together from constants alone
from lapinq.schema.names import CORE, FORMER_IDS

REMOVAL = f"""
WITH leases AS (DELETE FROM {CORE}_leases WHERE task = ANY({{ids}})),
    attempts AS (DELETE FROM {CORE}_attempts WHERE task = ANY({{ids}})),
    lines AS (DELETE FROM {CORE}_logs WHERE task = ANY({{ids}})),
    former AS (DELETE FROM {FORMER_IDS} WHERE id = ANY(
        SELECT (meta::json ->> 'id')::uuid FROM {CORE}_tasks WHERE id = ANY({{ids}}) AND meta LIKE '%"id"%')),
    gone AS (DELETE FROM {CORE}_tasks WHERE id = ANY({{ids}}) RETURNING queue, state, attempt)"""
"""The beginning of a statement that goes on with what counts ``gone`` no more. Its tasks are locked before, in another
statement, so that it sees what their workers left until then."""


def statements(without: str) -> tuple[str, ...]:
    """What makes ``DELETE FROM lapinq_tasks`` work.

    Args:
        without: counts the tasks of the ``WITH`` part ``gone`` no more.
    """
    return (
        f"""
CREATE OR REPLACE FUNCTION lapinq_tasks_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    removed text[] := ARRAY[coalesce((SELECT task FROM {FORMER_IDS} WHERE id = OLD.id), OLD.id::text)];
BEGIN
    PERFORM FROM {CORE}_tasks WHERE id = ANY(removed) FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    {REMOVAL.format(ids="removed")}
    {without};
    RETURN OLD;
END $$""",
        "DROP TRIGGER IF EXISTS lapinq_tasks_delete ON lapinq_tasks",
        """
CREATE TRIGGER lapinq_tasks_delete INSTEAD OF DELETE ON lapinq_tasks
FOR EACH ROW EXECUTE FUNCTION lapinq_tasks_delete()""",
    )
