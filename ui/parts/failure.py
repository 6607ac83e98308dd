"""What people see instead of a traceback when the API cannot be asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.api.errors import (
    AddressUnreadable,
    ApiRefused,
    ApiUnreachable,
    SettingMissing,
    SignInNeeded,
    UiError,
)
from ui.format import escape
from ui.parts.sign_in import note_refusal

FORBIDDEN = 403
NOT_FOUND = 404


@contextmanager
def failures_shown(place: str) -> Iterator[None]:
    """Draw a UiError raised inside as a message with a way to try again; SignInNeeded as the bar
    to sign in, in place of the page.

    `place` distinguishes parts of a page that may fail at the same time.
    """
    try:
        yield
    except UiError as error:
        if isinstance(error, SignInNeeded) and error.token is not None:
            note_refusal(error.token)
            st.rerun()
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
        case SignInNeeded():
            return "The API wants people to sign in, and this UI has no sign-in (docs/sign_in.md)"
        case ApiRefused(status=status) if status == NOT_FOUND:
            return "Not found"
        case ApiRefused(status=status) if status == FORBIDDEN:
            return "You may not see this"
        case ApiRefused():
            return "The API could not answer"
    return "The API's answer cannot be read"
