"""Templates: escaped by default, strict about names, with the components of ``templates/c`` at hand as ``c``.

A component is a macro. ``{{ c.state_badge(row.phase) }}`` works in every template and in every other component, and
sees what the page sees (``url``, ``visit``, ``now``); no template imports another one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from taskcore.redaction import Redactor
from taskcore.ui import words
from taskcore.ui.icons import icon, sprite
from taskcore.ui.plain import json_text
from taskcore.ui.tracebacks import frames


class Components:
    """The macros of ``templates/c``, made with the variables of one page when they are first asked for."""

    def __init__(self, templates: Mapping[str, Template], variables: Mapping[str, object]) -> None:
        self._templates, self._variables = templates, variables
        self._modules: dict[Template, object] = {}

    def __getattr__(self, name: str) -> object:
        template = self._templates[name]
        if template not in self._modules:
            self._modules[template] = template.make_module({**self._variables, "c": self})
        return getattr(self._modules[template], name)


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes pages. ``components`` is the name of a macro -> the template that defines it."""

    environment: Environment
    components: Mapping[str, Template]

    def page(self, template: str, variables: Mapping[str, object]) -> str:
        return self.environment.get_template(template).render(self._complete(variables))

    def fragment(self, template: str, name: str, variables: Mapping[str, object]) -> str | None:
        """The block of ``template`` called ``name`` with ``_`` for ``-``; None when it has no such block."""
        loaded = self.environment.get_template(template)
        block = loaded.blocks.get(name.replace("-", "_"))
        if block is None:
            return None
        context = loaded.new_context(self._complete(variables))
        next(
            loaded.root_render_func(context), None
        )  # up to its first text, so that names set above all blocks are known
        return "".join(block(context))

    def _complete(self, variables: Mapping[str, object]) -> dict[str, object]:
        return {**variables, "c": Components(self.components, variables)}


@cache
def renderer() -> Renderer:
    """All templates, compiled once in a process. ``|redacted`` and ``|preview`` go through the redactor of the ``site``
    among a page's variables."""
    environment = Environment(
        loader=PackageLoader("taskcore.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("duration", "absolute", "exact", "size", "short_id", "number", "percent", "progress", "browser"):
        environment.filters[name] = getattr(words, name)
    environment.filters |= {"redacted": _redacted, "preview": _preview, "json_text": json_text, "frames": frames}
    environment.filters |= {"options": _options, "json_line": json.dumps}
    environment.globals.update(icon=icon, sprite=sprite, distance=words.distance, plural=words.plural)
    return Renderer(environment, dict(_components(environment)))


@pass_context
def _redacted(context: Context, value: object) -> object:
    return _redactor(context)(value)


@pass_context
def _preview(context: Context, value: object, length: int = 80) -> str:
    return _redactor(context).preview(value, length)


def _redactor(context: Context) -> Redactor:
    redactor: Redactor = context["site"].redactor
    return redactor


def _options(values: Iterable[str]) -> list[tuple[str, str]]:
    """Values that are their own labels, for a select."""
    return [(value, value) for value in values]


def _components(environment: Environment) -> list[tuple[str, Template]]:
    names = environment.list_templates(filter_func=lambda name: name.startswith("c/"))
    templates = [environment.get_template(name) for name in names]
    return [
        (macro, template)
        for template in templates
        for macro, value in vars(template.make_module()).items()
        if not macro.startswith("_") and callable(value)
    ]
