"""What stores on tables say of the tables' revision."""

from collections.abc import Sequence

from taskcore.errors import SchemaMismatch


def check_revision(prefix: str, found: str | None, revisions: Sequence[str]) -> None:
    """Return if the tables ``prefix_*`` are at the last of ``revisions``, first to last; None is found where there are
    none.

    Raises:
        SchemaMismatch: they are at another one, and what to do about it.
    """
    if found is None or found in revisions[:-1]:
        raise SchemaMismatch(f"the tables {prefix}_* are missing or old; open the store anew to make them")
    if found != revisions[-1]:
        raise SchemaMismatch(
            f"the tables {prefix}_* have the schema {found!r}, which is later than this release, that works with "
            f"{revisions[-1]!r}; update taskcore"
        )
