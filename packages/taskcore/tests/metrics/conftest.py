"""An application's metrics on a fake clock, and a way to read an exposition back."""

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from taskcore.metrics import Metrics, exposition
from taskcore.testing import FakeClock

Read = Callable[..., float | None]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def metrics(clock: FakeClock) -> Metrics:
    return Metrics(clock=clock)


@pytest.fixture
def read(metrics: Metrics) -> Read:
    """The value of one sample as a scraper would read it; None where there is none."""

    def value(name: str, **labels: object) -> float | None:
        body, _ = exposition(metrics.registry)
        wanted = {key: str(label) for key, label in labels.items()}
        found = [
            sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
            if sample.name == name and sample.labels == wanted
        ]
        assert len(found) <= 1
        return found[0] if found else None

    return value
