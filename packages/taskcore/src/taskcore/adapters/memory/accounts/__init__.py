"""Users, sessions, keys and audit entries within one process: for tests, demonstrations and single processes."""

from taskcore.adapters.memory.accounts.store import MemoryAccounts

__all__ = ["MemoryAccounts"]
