"""Templates hold nothing that a content security policy would refuse, or that could let text become markup."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import taskcore.ui
from taskcore.ui.rendering import renderer

FOLDER = Path(taskcore.ui.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
FORBIDDEN = {
    "a value that is not escaped": r"\|\s*safe\b|Markup\(|autoescape",
    "an inline handler": r"\son[a-z]+\s*=",
    "an inline style": r"\sstyle\s*=|<style",
    "an inline script": r"<script(?![^>]*\ssrc=)",
    "a script in a link": r"javascript:",
    "htmx with eval": r"hx-on|tc-on|\bjs:|hx-vals\s*=\s*['\"]js",
    "htmx without our prefix": r"\shx-[a-z]",
    "another origin": r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_template_holds_nothing_forbidden(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)

    assert {} == {what: found for what, pattern in FORBIDDEN.items() if (found := re.findall(pattern, text))}


def test_only_the_module_of_drawings_makes_markup() -> None:
    makers = {
        file.relative_to(FOLDER).as_posix()
        for file in FOLDER.rglob("*.py")
        for name in _names(file)
        if name in ("Markup", "__html__")
    }

    assert {"svg.py"} == makers


@pytest.mark.parametrize("script", sorted((FOLDER / "static/js").glob("*.js")), ids=lambda path: path.name)
def test_a_script_never_writes_markup_or_runs_text(script: Path) -> None:
    text = script.read_text(encoding="utf-8")

    assert [] == re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(.style", text
    )


def test_templates_compile_and_escape_by_default() -> None:
    environment = renderer().environment

    for name in environment.list_templates():
        environment.get_template(name)
    assert "&lt;b&gt;" == environment.from_string("{{ text }}").render(text="<b>")


def _names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Name():
                yield node.id
            case ast.FunctionDef():
                yield node.name
            case _:
                continue
