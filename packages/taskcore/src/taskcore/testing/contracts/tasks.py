"""What every task store proves: the whole port, in one class to inherit."""

import pytest

from taskcore.errors import InvalidInput
from taskcore.ids import TaskId
from taskcore.models import Order, TaskQuery
from taskcore.ports import TaskStore
from taskcore.testing.contracts.claim import CancellationsContract, ClaimContract, RenewContract, TakeContract
from taskcore.testing.contracts.contains import ContainsContract
from taskcore.testing.contracts.control import CancelContract, DeleteContract, ReplayContract
from taskcore.testing.contracts.fence import FenceContract
from taskcore.testing.contracts.history import AttemptsContract
from taskcore.testing.contracts.put import IdempotencyContract, PutContract
from taskcore.testing.contracts.reading import CountsContract, FindContract, LogsContract
from taskcore.testing.contracts.searching import ConditionsContract, PhasesContract
from taskcore.testing.contracts.settle import ExchangeContract, ReportContract, SettleContract
from taskcore.testing.contracts.steps import claim_one, put, put_one
from taskcore.testing.contracts.upkeep import ExpireContract, PruneContract, RecoverContract
from taskcore.testing.factories import a_claim, a_task


class TaskStoreContract(
    PutContract,
    IdempotencyContract,
    CancelContract,
    ReplayContract,
    DeleteContract,
    ClaimContract,
    TakeContract,
    RenewContract,
    CancellationsContract,
    SettleContract,
    ExchangeContract,
    ReportContract,
    FenceContract,
    RecoverContract,
    ExpireContract,
    PruneContract,
    FindContract,
    ConditionsContract,
    ContainsContract,
    PhasesContract,
    CountsContract,
    LogsContract,
    AttemptsContract,
):
    """A backend supplies three fixtures: ``clock`` (a ``FakeClock``), an empty ``store`` that follows it, and
    ``another``: a second handle on the same data, as another process would have."""

    async def test_a_store_that_works_passes_its_own_check(self, store: TaskStore) -> None:
        await store.check()

    async def test_closing_twice_is_fine_and_leaves_other_handles_alone(
        self, store: TaskStore, another: TaskStore
    ) -> None:
        task = await put_one(store)

        await store.close()
        await store.close()

        assert task == (await claim_one(another)).id


class NumberedIdsContract:
    """``store`` is a task store that was opened with ``IdScheme.NUMBERED``, and empty."""

    async def test_tasks_are_numbered_from_one(self, store: TaskStore) -> None:
        assert ["1", "2", "3"] == [*await put(store, a_task(), a_task()), await put_one(store)]

    async def test_numbers_sort_as_numbers(self, store: TaskStore) -> None:
        tasks = await put(store, *[a_task()] * 120)

        assert tasks == [record.id for record in await store.find(TaskQuery(order=Order.OLDEST, limit=200))]
        newest = TaskQuery(order=Order.NEWEST, after=TaskId("100"), limit=2)
        assert ["99", "98"] == [record.id for record in await store.find(newest)]
        assert tasks == [record.id for record in await store.claim(a_claim(limit=200))]

    async def test_a_number_is_not_used_again(self, store: TaskStore) -> None:
        tasks = await put(store, *[a_task()] * 3)
        await store.delete(tasks)

        assert "4" == await put_one(store)

    async def test_numbers_go_on_behind_one_that_was_chosen(self, store: TaskStore, another: TaskStore) -> None:
        await put(store, a_task(id=TaskId("500")))

        assert "501" == await put_one(another)

    @pytest.mark.parametrize("chosen", ["", "x", "007", "-1", "0", "1.0", " 1", "٣", str(2**63), "9" * 5000])
    async def test_an_id_that_is_no_number_is_refused(self, store: TaskStore, chosen: str) -> None:
        with pytest.raises(InvalidInput):
            await store.put([a_task(), a_task(id=TaskId(chosen))])

        assert [] == list(await store.find(TaskQuery()))

    @pytest.mark.parametrize("asked", ["", "x", "007", "-1", "1.0", " 1", "٣", str(2**70)])
    async def test_an_id_that_is_no_number_is_nobodys(self, store: TaskStore, asked: str) -> None:
        for _ in range(7):
            await put_one(store)
        task = TaskId(asked)

        assert await store.get(task) is None
        assert [None] == list(await store.cancel([task]))
        assert 0 == await store.delete([task])
        assert ([], []) == (list(await store.attempts(task)), list(await store.logs(task)))


class TimeSortedIdsContract:
    """``store`` is a task store that was opened with ``IdScheme.TIME_SORTED``."""

    @pytest.mark.parametrize("chosen", ["", "a\nb", "\x00", "\ud800", "x" * 201])
    async def test_an_id_that_is_not_printable_is_refused(self, store: TaskStore, chosen: str) -> None:
        with pytest.raises(InvalidInput):
            await store.put([a_task(), a_task(id=TaskId(chosen))])

        assert [] == list(await store.find(TaskQuery()))

    async def test_a_caller_may_choose_any_text(self, store: TaskStore) -> None:
        chosen = TaskId("invoice 7 / größer '\"%_")

        assert [chosen] == await put(store, a_task(id=chosen))
        assert [chosen] == [record.id for record in await store.find(TaskQuery())]
