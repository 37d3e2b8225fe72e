"""The reference store: what the ports promise, in plain Python. It lives as long as its process."""

from taskcore.adapters.memory.bus import EventStream, MemoryEventBus
from taskcore.adapters.memory.store import MemoryStore

__all__ = ["EventStream", "MemoryEventBus", "MemoryStore"]
