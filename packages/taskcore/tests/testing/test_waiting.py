"""Waiting for facts."""

import pytest
from taskcore.testing import eventually


async def test_it_answers_with_what_came_true() -> None:
    answers = iter([0, None, "", 7])

    assert 7 == await eventually(lambda: next(answers))


async def test_it_asks_coroutines_too() -> None:
    answers = iter([0, 7])

    async def fact() -> int:
        return next(answers)

    assert 7 == await eventually(fact)


async def test_it_tells_what_did_not_come_true() -> None:
    with pytest.raises(AssertionError, match=r"did not come true within 0\.01 s"):
        await eventually(lambda: 0, within=0.01)
