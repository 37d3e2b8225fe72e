"""Named leases with epochs, as ``taskcore.ports.leadership`` tells it. The caller of a method holds the lock."""

from dataclasses import replace
from datetime import timedelta

from taskcore.clock import Clock
from taskcore.lease import Leadership


class Leaders:
    """What ``LeaderStore`` does. A lease that was given back stays on record as run out, so that its epoch goes on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, Leadership] = {}

    def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        now = self._clock.now()
        held = self._leases.get(name)
        if held is None:
            held = Leadership(name=name, holder=holder, epoch=1, until=now + lease_for)
        elif held.holder == holder:
            held = replace(held, until=now + lease_for)
        elif held.until <= now:
            held = Leadership(name=name, holder=holder, epoch=held.epoch + 1, until=now + lease_for)
        self._leases[name] = held
        return held

    def resign(self, held: Leadership) -> None:
        present = self._leases.get(held.name)
        if present is not None and (present.holder, present.epoch) == (held.holder, held.epoch):
            # Nobody's name is empty, so that even the one who resigned takes it anew.
            self._leases[held.name] = replace(present, holder="", until=self._clock.now())
