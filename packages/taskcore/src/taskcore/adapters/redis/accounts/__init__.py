"""Users, sessions, keys and audit entries on a Redis or Valkey server."""

from taskcore.adapters.redis.accounts.store import RedisAccounts

__all__ = ["RedisAccounts"]
