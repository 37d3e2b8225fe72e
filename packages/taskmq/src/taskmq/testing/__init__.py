"""For tests of programs that use taskmq: no file, no server, no worker, no waiting.

``captured_jobs`` notes what was asked for; ``eager`` runs each job where it is asked for; ``sandbox`` has a clock that
the test turns. Within these contexts every backend of this package, in this process, keeps its jobs in one memory
that is gone afterwards, whatever file or server it names. ``drain`` runs what is due on any backend.
"""

from taskcore.testing.clock import FakeClock

from taskmq.testing.contexts import CapturedJobs, captured_jobs, eager, sandbox
from taskmq.testing.draining import drain
from taskmq.testing.memory import Sandbox

__all__ = ["CapturedJobs", "FakeClock", "Sandbox", "captured_jobs", "drain", "eager", "sandbox"]
