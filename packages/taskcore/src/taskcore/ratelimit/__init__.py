"""How often somebody may do something: exact moving windows, in this process or shared through Redis.

>>> limiter = RateLimiter(MemoryWindows(), Rate.parse("10/minute"))
>>> verdict = await limiter.hit("key:7f3a")
>>> verdict.allowed, verdict.remaining
(True, 9)
"""

from taskcore.ratelimit.addresses import address_key
from taskcore.ratelimit.limiter import Outage, RateLimiter, Verdict
from taskcore.ratelimit.memory import MemoryWindows
from taskcore.ratelimit.rate import Rate
from taskcore.ratelimit.windows import Usage, Windows

__all__ = ["MemoryWindows", "Outage", "Rate", "RateLimiter", "Usage", "Verdict", "Windows", "address_key"]
