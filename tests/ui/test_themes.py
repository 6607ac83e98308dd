"""Both themes can be read: contrasts as WCAG 2.2 AA wants them."""

import tomllib
from typing import Any

import pytest

from tests.paths import ROOT
from tests.ui.contrast import contrast, luminance

THEMES: dict[str, Any] = tomllib.loads(
    (ROOT / "ui/.streamlit/config.toml").read_text(encoding="utf-8")
)["theme"]
TEXT_RATIO_MIN, GRAPHICS_RATIO_MIN = 4.5, 3.0


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
