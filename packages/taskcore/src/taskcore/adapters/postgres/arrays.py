"""Columns of a batch as array parameters, without what need not travel.

``unnest`` of several arrays fills up the shorter ones with NULL. So a column without any value is sent as an empty
array, and one with the same value in every row as an array of one, which ``uniform_sql`` repeats. The driver looks at
each element several times, and most columns of most batches are of one of these two kinds.
"""

from collections.abc import Sequence


def sparse(values: Sequence[object]) -> Sequence[object]:
    """A column in which NULL means NULL."""
    return values if any(value is not None for value in values) else []


def uniform(values: Sequence[object]) -> Sequence[object]:
    """A column without NULL; its SQL reads it with ``uniform_sql``."""
    return values[:1] if len(values) > 1 and values[1:] == values[:-1] else values


def uniform_sql(column: str, parameter: str) -> str:
    """What a column that ``uniform`` sent holds in each row. ``parameter`` comes with its type: ``$3::text[]``.

    A sub-select is run once, so that the array is not taken apart for each row.
    """
    return f"coalesce({column}, (SELECT ({parameter})[1]))"
