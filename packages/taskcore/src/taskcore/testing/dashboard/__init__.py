"""A dashboard source with something to see in every part, for tests, screenshots and demonstrations."""

from taskcore.testing.dashboard.hostile import HOSTILE
from taskcore.testing.dashboard.source import sample_source
from taskcore.testing.dashboard.story import Story, StoryClock, a_story, tell

__all__ = ["HOSTILE", "Story", "StoryClock", "a_story", "sample_source", "tell"]
