"""What every ``TaskReader`` proves of the texts that a ``TaskQuery`` asks for."""

import pytest

from taskcore.models import Part, TaskError
from taskcore.ports import TaskStore
from taskcore.states import Event
from taskcore.testing.contracts.searching import FAULT, ids
from taskcore.testing.contracts.steps import put, put_one, run_one
from taskcore.testing.factories import a_task

HOSTILE = [
    "100%",
    "a_b",
    "back\\slash",
    "it's",
    '"quoted"',
    "%s {} $1 ?1 :x",
    "\U0001f469\u200d\U0001f467",
    "x" * 10_000,
]
DECOYS = ["100x", "1000", "axb", "backslash", "its", "quoted", "%d {} $2 ?2 :y", "\U0001f469 \U0001f467", "x" * 9_999]


class ContainsContract:
    """Text is searched as it is, not as a pattern."""

    @pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:12])
    async def test_hostile_text_is_found_where_it_stands(self, store: TaskStore, text: str) -> None:
        await put(store, *[a_task(queue="decoys", payload=f"[{decoy}]") for decoy in DECOYS])
        task = await put_one(store, payload=f"[before {text} after]")
        await run_one(store, Event.SUCCEED, result=f"is {text}.")

        assert [task] == await ids(store, contains={Part.PAYLOAD: text})
        assert [task] == await ids(store, contains={Part.RESULT: text})
        assert [task] == await ids(store, contains={Part.PAYLOAD: text, Part.RESULT: text})
        assert [] == await ids(store, contains={Part.PAYLOAD: f"{text}{text}"})

    @pytest.mark.parametrize(
        "text", ["%", "_", "\\", "A%a", "A_a", "'", "\x00", "Ada\x00", "\n", "*", "?", "[a-z]d", "."]
    )
    async def test_no_character_stands_for_others(self, store: TaskStore, text: str) -> None:
        await put_one(store, name="Ada", payload="Ada")
        await run_one(store, Event.SUCCEED, result="Ada")
        await put_one(store, name="Ada", payload="Ada")
        await run_one(store, Event.FAIL, error=TaskError("Ada", "Ada"))

        for part in Part:
            assert (part, []) == (part, await ids(store, contains={part: text}))

    async def test_letters_match_in_either_case(self, store: TaskStore) -> None:
        task = await put_one(store, name="SendMail", payload='["Ada Lovelace", "größer"]')

        for text in ("ADA love", "ada LOVE", "Ada Love", "größer"):
            assert [task] == await ids(store, contains={Part.PAYLOAD: text})
        assert [task] == await ids(store, contains={Part.NAME: "dmAIL"})

    async def test_an_id_is_found_by_a_part_of_it(self, store: TaskStore) -> None:
        tasks = await put(store, *[a_task()] * 12)

        for task in tasks:
            end = task[-6:]
            found = await ids(store, contains={Part.ID: end.upper()})
            assert task in found
            assert all(end in other for other in found)
        assert [] == await ids(store, contains={Part.ID: "no such id"})

    async def test_an_error_is_found_by_its_kind_and_its_words(self, store: TaskStore) -> None:
        await put_one(store)
        failed = await run_one(store, Event.FAIL, error=FAULT)
        await put_one(store)
        await run_one(store, Event.FAIL, error=TaskError("KeyError", "gone"))

        for text in ("valueerror", "too big: 7", "line 3"):
            assert [failed.id] == await ids(store, contains={Part.ERROR: text})

    async def test_a_part_that_is_not_there_holds_nothing_not_even_empty_text(self, store: TaskStore) -> None:
        await put_one(store)
        done = await run_one(store, Event.SUCCEED, result='"r"')
        waiting = await put_one(store)

        assert [done.id] == await ids(store, contains={Part.RESULT: ""})
        assert [] == await ids(store, contains={Part.ERROR: ""})
        assert [waiting, done.id] == await ids(store, contains={Part.PAYLOAD: ""})

    async def test_a_large_document_is_searched_to_its_end(self, store: TaskStore) -> None:
        task = await put_one(store, payload="x" * 500_000 + "needle")
        await put_one(store, payload="x" * 500_000)

        assert [task] == await ids(store, contains={Part.PAYLOAD: "NEEDLE"})
