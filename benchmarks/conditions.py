"""What rates, and to a lesser degree ratios, depend on: versions and the machine."""

import importlib.metadata
import os
import platform
import sqlite3
from collections.abc import Iterable
from typing import Any

from benchmarks import places
from benchmarks.peers.catalogue import ON_POSTGRES, ON_REDIS, ON_SQLITE

INSTALLED = ("taskcore", "taskmq", "asyncpg", "redis", "hiredis")
SERVERS = {"PostgreSQL": places.postgres_version, "Redis": places.redis_version}


def versions(stores: Iterable[str]) -> dict[str, str]:
    """Of everything that takes part: libraries, peers, and the servers of ``stores``."""
    peers = [peer.requirements[0].split("==") for peer in (*ON_POSTGRES, *ON_REDIS, *ON_SQLITE)]
    return (
        {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
        | {name: importlib.metadata.version(name) for name in INSTALLED}
        | {name.partition("[")[0]: version for name, version in peers}
        | {store: SERVERS[store]() for store in stores if store in SERVERS}
    )


def machine() -> dict[str, Any]:
    """Where it ran, and how busy that was."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }
