"""What people see instead of a traceback when the API cannot be asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.api.errors import AddressUnreadable, ApiRefused, ApiUnreachable, SettingMissing, UiError
from ui.format import escape

NOT_FOUND = 404


@contextmanager
def failures_shown(place: str) -> Iterator[None]:
    """Draw a UiError raised inside as a message with a way to try again.

    `place` distinguishes parts of a page that may fail at the same time.
    """
    try:
        yield
    except UiError as error:
        st.error(f"**{_headline(error)}**\n\n{escape(str(error))}", icon=":material/error:")
        if st.button("Try again", icon=":material/refresh:", key=f"try_again_{place}"):
            st.rerun()


def _headline(error: UiError) -> str:
    match error:
        case SettingMissing():
            return "The UI is not configured"
        case AddressUnreadable():
            return "This address cannot be read"
        case ApiUnreachable():
            return "The API does not answer"
        case ApiRefused(status=status) if status == NOT_FOUND:
            return "Not found"
        case ApiRefused():
            return "The API could not answer"
    return "The API's answer cannot be read"
