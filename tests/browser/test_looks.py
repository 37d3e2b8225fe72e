"""Every page in every theme and width: accessible, within its frame, offline, and within the content security policy.

The fixture ``visit`` watches for errors in the console, violations of the policy and requests to anywhere else (B02);
whatever is opened here is held to that too.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .routes import routes

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""All that another look can break: it changes colours, and no text, name or order."""
EXPECTED = ("404", "422")
"""A page that is not there, and a search that is nonsense, are pages too; Chromium says so in the console."""

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced-colors": {"forced_colors": "active"},
    "contrast": {"theme": "contrast"},
}
STRIDES = {"dark": 3, "forced-colors": 6, "contrast": 6}
"""Their colours are few, so some of the pages show whether they hold."""


@pytest.mark.timeout(300)  # some forty pages
@pytest.mark.parametrize("look", LOOKS)
def test_b01_no_page_breaks_a_rule_of_accessibility(visit: Visit, look: str) -> None:
    options = dict(LOOKS[look])
    theme = options.pop("theme", "auto")
    visitor = visit("ada", **options)
    visitor.expected = EXPECTED
    cookie = {"name": "tc_preferences", "value": f"theme={theme}", "url": visitor.address}
    visitor.context.add_cookies([cookie])  # type: ignore[list-item]
    found = {}

    for path in routes(visitor)[:: STRIDES.get(look, 1)]:
        page = visitor.go(path)
        page.evaluate(AXE)
        rules = RULES if look == "light" else COLOURS
        broken = page.evaluate("(rules) => axe.run(document, rules).then((result) => result.violations)", rules)
        if broken:
            found[path] = [(rule["id"], [node["html"][:160] for node in rule["nodes"][:3]]) for rule in broken]

    assert {} == found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("width", "stride"), [(320, 1), (390, 4), (768, 4), (1400, 2)])
def test_b20_no_page_is_wider_than_its_window(visit: Visit, width: int, stride: int) -> None:
    visitor = visit("ada", viewport={"width": width, "height": 800})
    visitor.expected = EXPECTED
    too_wide = {}

    for path in routes(visitor)[::stride]:
        inner, outer = visitor.go(path).evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if inner > outer:
            too_wide[path] = inner

    assert {} == too_wide


def test_b20_actions_of_a_row_can_be_reached_on_a_phone(visit: Visit) -> None:
    page = visit("ada", viewport={"width": 320, "height": 700}, has_touch=True, is_mobile=True).go("/queues")

    buttons = page.locator("main .button:visible")

    assert buttons.count() > 0
    for at in range(buttons.count()):
        box = buttons.nth(at).bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 320
        assert box["height"] >= 24


@pytest.mark.timeout(300)
def test_b20_all_that_can_be_granted_is_in_sight_on_a_phone(visit: Visit) -> None:
    page = visit("ada", viewport={"width": 390, "height": 844}).go("/users/new")

    boxes = page.locator("[name='verb.0']")

    expect(boxes).to_have_count(7)
    for box in boxes.all():
        place = box.bounding_box()
        assert place is not None
        assert 0 <= place["x"] <= 390 - place["width"]


def test_b21_text_may_be_spaced_and_enlarged(visit: Visit) -> None:
    visitor = visit("ada", viewport={"width": 700, "height": 600})
    visitor.expected = EXPECTED
    spaced = (
        "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } "
        "p { margin-bottom: 2em !important; } html { font-size: 200% !important; }"
    )
    # Text that is cut on purpose says the rest elsewhere: these have a title, or lead to it.
    probe = """
      () => [...document.querySelectorAll("main button, main .button, h1, h2, th, label, .badge, .side a, dt")]
        .filter((each) => each.offsetParent && !each.closest(".hidden, .cell, .scroll, pre"))
        .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflow === "hidden")
        .map((each) => each.outerHTML.slice(0, 120))
    """
    clipped = {}

    for path in routes(visitor):
        page = visitor.go(path)
        page.evaluate(
            "(text) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text);"
            " document.adoptedStyleSheets.push(sheet); }",
            spaced,
        )
        if found := page.evaluate(probe):
            clipped[path] = found

    assert {} == clipped


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")])
def test_b40_the_theme_of_the_system_is_that_of_the_page_before_any_script(
    visit: Visit, scheme: str, background: str
) -> None:
    page = visit("ada", color_scheme=scheme, java_script_enabled=False).go("/settings")

    assert background == page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")


def test_b40_a_chosen_theme_takes_effect_at_once_and_stays(visit: Visit) -> None:
    visitor = visit("ada", color_scheme="light")
    page = visitor.go("/settings")
    page.locator("details.menu summary").click()

    with page.expect_response("**/settings/save"):
        page.get_by_role("button", name="Dark").click()

    assert "dark" == page.locator("html").get_attribute("data-theme")
    assert "dark" == visitor.go("/account").locator("html").get_attribute("data-theme")


def test_b20_charts_do_not_widen_the_page_while_its_window_gets_narrower(visit: Visit) -> None:
    page = visit("ada", viewport={"width": 1400, "height": 800}).go("/")
    page.wait_for_selector(".uplot")
    # They are drawn anew a moment later, which is what is held back here.
    page.evaluate("() => { window.setTimeout = () => 0; }")

    page.set_viewport_size({"width": 500, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


ONLY_ONE_VALUE = """([chart, at]) => {
  const figure = document.querySelector(`#chart-${chart}`);
  const rows = [...figure.querySelector("table:not(.u-legend)").tBodies[0].rows];
  for (const row of rows) for (const cell of [...row.cells].slice(1)) cell.dataset.value = "";
  rows.at(at).cells[1].dataset.value = "3";
  document.dispatchEvent(new Event("htmx:after:swap"));
  return new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const canvas = figure.querySelector("canvas");
    const dots = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let coloured = 0;  // grid and words are grey
    for (let i = 0; i < dots.length; i += 4) {
      const [r, g, b] = dots.subarray(i, i + 3);
      if (dots[i + 3] && Math.max(r, g, b) - Math.min(r, g, b) > 60) coloured += 1;
    }
    tell(coloured);
  })));
}"""


@pytest.mark.parametrize(("chart", "at"), [("throughput", -1), ("runs", -1), ("runs", 30)])
def test_charts_show_the_newest_bar_and_values_that_stand_alone(visit: Visit, chart: str, at: int) -> None:
    page = visit("ada", viewport={"width": 1400, "height": 800}).go("/")
    page.wait_for_selector(f"#chart-{chart} .uplot")

    # The edges of words have a few coloured dots; a bar is of a thousand, and the smallest mark of some fifty.
    assert page.evaluate(ONLY_ONE_VALUE, [chart, at]) > 25
