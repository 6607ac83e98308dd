"""What the page of a call says of its state."""

import pytest
from streamlit.testing.v1 import AppTest

PAGE = """
from types import SimpleNamespace
from ui.api.usage_answers import CallState
from ui.parts.call_state import show_state
show_state(SimpleNamespace(state=CallState.PRICED, reason={reason!r}))
"""


@pytest.mark.parametrize(
    ("reason", "said"),
    [(None, []), ("cached tokens are billed as input", ["Cached tokens are billed as input."])],
)
def test_a_priced_call_says_what_is_special_about_its_price(
    reason: str | None, said: list[str]
) -> None:
    page = AppTest.from_string(PAGE.format(reason=reason)).run()
    assert not page.exception
    assert [caption.value for caption in page.caption] == said
