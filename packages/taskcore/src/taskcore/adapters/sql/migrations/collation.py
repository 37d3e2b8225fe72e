"""How a server must keep text."""

from typing import Any

from sqlalchemy import Connection


def table_options(connection: Connection) -> dict[str, Any]:
    """Text compares byte by byte, and a space at its end counts; the two kinds of MySQL have that under two names."""
    kind = connection.dialect
    if kind.name not in ("mysql", "mariadb"):
        return {}
    collation = "utf8mb4_nopad_bin" if getattr(kind, "is_mariadb", False) else "utf8mb4_0900_bin"
    return {
        f"{kind.name}_engine": "InnoDB",
        f"{kind.name}_charset": "utf8mb4",
        f"{kind.name}_collate": collation,
        f"{kind.name}_row_format": "DYNAMIC",
    }
