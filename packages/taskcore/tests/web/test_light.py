"""The kit asks for no more than its extra brings."""

import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(["argon2", "itsdangerous", "jinja2", "jwt", "limits", "prometheus_client", "pwdlib"]))
import taskcore.web
for module in pkgutil.walk_packages(taskcore.web.__path__, "taskcore.web."):
    importlib.import_module(module.name)
"""
WITHOUT = """
import sys
sys.modules["starlette"] = None
import taskcore.web
"""


def test_every_module_is_there_with_the_extra_web_alone() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_without_it_the_error_says_what_to_install() -> None:
    failed = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)

    assert "pip install 'taskcore[web]'" in failed.stderr.splitlines()[-1]
