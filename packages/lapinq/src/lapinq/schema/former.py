"""Names of the public release under which programs found its DDL.

``Storage.create`` makes and changes the tables, under a lock and once, so what stood here has nothing left to do: each
statement may be executed, before or after that, and changes nothing.
"""

SQL_SCHEMA = USERS_SCHEMA = NOTIFY_SQL = "SELECT 1"
MIGRATIONS: tuple[tuple[int, str], ...] = ()
