import gc

from taskcore.engine.garbage import YOUNG, rare_collections


def test_what_was_there_is_not_looked_at_and_what_comes_is_looked_at_seldom() -> None:
    before = gc.get_threshold()

    with rare_collections():
        assert YOUNG == gc.get_threshold()[0]
        assert 1000 < gc.get_freeze_count()

    assert (before, 0) == (gc.get_threshold(), gc.get_freeze_count())
