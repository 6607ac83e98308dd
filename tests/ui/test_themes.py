"""Both themes can be read: contrasts as WCAG 2.2 AA wants them."""

import tomllib
from typing import Any

import pytest

from tests.paths import ROOT

THEMES: dict[str, Any] = tomllib.loads(
    (ROOT / "ui/.streamlit/config.toml").read_text(encoding="utf-8")
)["theme"]
TEXT_RATIO_MIN, GRAPHICS_RATIO_MIN = 4.5, 3.0


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_contrast_that_is_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_and_charts_stand_out(name: str) -> None:
    theme = THEMES[name]
    background = theme["backgroundColor"]
    assert contrast(theme["textColor"], background) >= TEXT_RATIO_MIN
    assert contrast(theme["primaryColor"], background) >= TEXT_RATIO_MIN
    colours = theme["chartCategoricalColors"]
    assert len(set(colours)) == 10
    assert [each for each in colours if contrast(each, background) < GRAPHICS_RATIO_MIN] == []


def test_no_theme_is_forced_on_a_browser() -> None:
    assert "base" not in THEMES
    assert luminance(THEMES["dark"]["backgroundColor"]) < 0.05
