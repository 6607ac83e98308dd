"""The playground as somebody who is signed in sees it, without a gateway that answers."""

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.browser import CHROMIUM
from tests.ui.barriers import barriers
from tests.ui.signed_in.company import Company

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def test_the_playground_has_no_serious_barrier_before_and_after_a_prompt(
    here: Company, browser: Browser
) -> None:
    watched = here.signed_in(browser, "ada", "/playground")
    watched.heading("Playground")
    assert barriers(watched.page) == []
    prompt = watched.page.get_by_role("textbox", name="Prompt")
    prompt.fill("Good morning")
    prompt.press("Control+Enter")
    expect(watched.page.get_by_text("prompt tokens and at most")).to_be_visible()
    watched.page.get_by_role("button", name="Send").click()
    expect(watched.page.get_by_text("gave no answer")).to_be_visible()
    watched.settle()
    assert barriers(watched.page) == []
