"""Stores on a Redis or Valkey server: as durable as the server's own persistence, for any number of machines."""

from taskcore.adapters.redis.store import RedisStore

__all__ = ["RedisStore"]
