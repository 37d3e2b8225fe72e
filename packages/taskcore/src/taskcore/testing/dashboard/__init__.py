"""A dashboard source with something to see in every part, for tests, screenshots and demonstrations."""

from taskcore.testing.dashboard.hostile import HOSTILE
from taskcore.testing.dashboard.source import sample_source
from taskcore.testing.dashboard.story import Story, a_story

__all__ = ["HOSTILE", "Story", "a_story", "sample_source"]
