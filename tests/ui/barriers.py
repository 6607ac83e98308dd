"""What axe-core finds on a page that is open, on a light and on a dark screen."""

from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # no stubs
from playwright.sync_api import Page, expect

from tests.ui.contrast import contrast

GRAVE = {"serious", "critical"}
ALSO = {"heading-order"}
"""Moderate, and a page is hard to walk by its headings without it."""
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 29)"}
VIOLATIONS = {"resultTypes": ["violations"]}
CONTRAST_ALONE = {**VIOLATIONS, "runOnly": ["color-contrast"]}
"""The screen's colours change nothing else."""
LABELS = """() => [...document.querySelectorAll(".stVegaLiteChart text")]
    .filter((each) => each.parentElement.matches("[class*=role-axis], [class*=role-legend]"))
    .map((each) => [each.textContent, getComputedStyle(each).fill])"""
"""Words next to charts and their colours. axe leaves text of SVG out."""
CONTRAST_MIN = 4.5
STILL = "() => !document.getAnimations().some((each) => each instanceof CSSTransition)"
"""A colour on its way to another has a contrast of its own."""


def barriers(page: Page) -> list[tuple[str, str, str]]:
    """Theme, rule and markup of each."""
    turn(page, "light")
    found = [("light", *each) for each in _found(page, VIOLATIONS) + _faint(page, "light")]
    turn(page, "dark")
    found += [("dark", *each) for each in _found(page, CONTRAST_ALONE) + _faint(page, "dark")]
    return found


def turn(page: Page, scheme: Literal["light", "dark"]) -> None:
    """The screen is light or dark from now on."""
    page.emulate_media(color_scheme=scheme)
    expect(page.locator(".stApp")).to_have_css("background-color", BACKGROUNDS[scheme])
    page.wait_for_function(STILL)


def _found(page: Page, options: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (each["id"], each["nodes"][0]["html"])
        for each in Axe().run(page, options=options).response["violations"]
        if each["impact"] in GRAVE or each["id"] in ALSO
    ]


def _faint(page: Page, scheme: Literal["light", "dark"]) -> list[tuple[str, str]]:
    background = _hex(BACKGROUNDS[scheme])
    return [
        ("chart-label", f"{text} {fill}")
        for text, fill in page.evaluate(LABELS)
        if contrast(_hex(fill), background) < CONTRAST_MIN
    ]


def _hex(rgb: str) -> str:
    """`rgb(18, 22, 29)` as `#12161d`."""
    return "#" + "".join(f"{int(part):02x}" for part in rgb[4:-1].split(","))
