"""The command before its modules are read."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from taskmq.__main__ import main


class CtrlC(MetaPathFinder):
    """Somebody presses it while the command line is being read."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if fullname == "taskmq.cli":
            raise KeyboardInterrupt
        return None


def test_ctrl_c_while_modules_are_read_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "taskmq.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [CtrlC(), *sys.meta_path])

    with pytest.raises(SystemExit) as ended:
        main()

    assert 130 == ended.value.code
    assert ("", "\nError: interrupted.\n") == capsys.readouterr()
