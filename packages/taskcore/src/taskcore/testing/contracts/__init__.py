"""One class a port: a backend's test file inherits it, supplies fixtures, and holds no tests of its own.

::

    class TestTasks(TaskStoreContract):
        @pytest.fixture
        def clock(self) -> FakeClock:
            return FakeClock()

        @pytest.fixture
        async def store(self, clock: FakeClock) -> AsyncIterator[MyStore]:
            async with MyStore.open(..., clock=clock) as store:
                yield store

        @pytest.fixture
        async def another(self, store: MyStore, clock: FakeClock) -> AsyncIterator[MyStore]:
            ...  # a second handle on the same data

The tests are coroutines: run them with anyio's pytest plugin (``anyio_mode = "auto"``), and have pytest rewrite their
assertions with ``pytest.register_assert_rewrite("taskcore.testing")`` in the root ``conftest.py``.
"""
