"""What people see instead of a traceback when the API cannot be asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st

from ui import address, chosen_values
from ui.address import Parameter
from ui.api.connection import REFRESH_S, api
from ui.api.errors import (
    AddressUnreadable,
    ApiRefused,
    ApiUnreachable,
    SettingMissing,
    SignInNeeded,
    UiError,
)
from ui.api.me_answer import KEEPERS
from ui.format import escape
from ui.parts.sign_in import note_refusal

BAD_REQUEST = 400
FORBIDDEN = 403
NOT_FOUND = 404
UNAVAILABLE = (502, 503, 504)
OUTAGES = ("", "storage-unavailable", "issuer-unavailable", "not-recorded")
"""Kinds of problems that pass by themselves; a proxy in front of the API gives none."""
FILTERS = {Parameter.MODEL.value: "Model", Parameter.COST_CENTRE.value: "Cost centre"}
"""Parameters of an address that the API refuses where nobody has their value."""

NAMED = (Parameter.CALL, Parameter.SUBJECT, Parameter.SESSION, Parameter.RUN, Parameter.INVOICE)
"""Parameters of an address that the API does not find where nothing has their id."""
WAIT_S_MAX = 60
"""Between two draws of a page that fails each time although the API answers."""
_FAILED = "why nothing was shown"
_TRIES, _NEXT_TRIES = "draws in vain", "draws in vain, with the one that comes"
CURSOR = "cursor"
"""How the API calls the parameter `after` of an address."""


@contextmanager
def failures_shown(place: str, *, is_live: bool = False) -> Iterator[None]:
    """Draw a UiError raised inside as a message with a way to try again, or away from an address
    that leads nowhere, or without either where the caller lacks the right; SignInNeeded as the bar
    to sign in, in place of the page. What passes by itself is waited for; a part that `is_live`
    asks again anyway.

    `place` distinguishes parts of a page that may fail at the same time.
    """
    try:
        yield
    except UiError as error:
        if isinstance(error, SignInNeeded) and error.token is not None:
            note_refusal(error.token)
            st.rerun()
        if is_passing(error) and not is_live:
            wait_for_api(error, place)
            return
        st.error(f"**{_headline(error)}**\n\n{escape(_words(error))}", icon=":material/error:")
        if is_forbidden(error):
            return
        if is_wrong_cursor(error):
            if st.button("First page", icon=":material/first_page:", key=f"first_page_{place}"):
                chosen_values.change({Parameter.AFTER: None})
                st.rerun()
        elif not helped_by_asking_again(error):
            if st.button("Show everything", icon=":material/close:", key=f"everything_{place}"):
                address.go_to({} if isinstance(error, AddressUnreadable) else address.kept_range())
        elif st.button("Try again", icon=":material/refresh:", key=f"try_again_{place}"):
            st.rerun()


def begin_page() -> None:
    """To be called before a page is drawn whole: how often that was in vain is known by now."""
    st.session_state[_TRIES] = st.session_state.pop(_NEXT_TRIES, 0)


def wait_for_api(error: UiError, place: str = "page") -> None:
    """Why nothing can be shown, until the API answers: then the whole page is drawn.

    Where it answers and the page fails all the same, the page is drawn less often each time: what
    it asks may be what the API cannot bear.
    """
    tries = st.session_state.get(_TRIES, 0)
    st.session_state[f"{_FAILED} {place}"] = error
    st.fragment(_ask_again, run_every=wait_s(tries))(place, tries)


def wait_s(tries: int) -> int:
    """How long to wait after so many draws in vain that the API answered to: twice as long each."""
    return min(REFRESH_S << tries, WAIT_S_MAX)


def _ask_again(place: str, tries: int) -> None:
    """At first it says what has just failed, without asking: an API that hangs takes its time."""
    with failures_shown(place, is_live=True):
        if error := st.session_state.pop(f"{_FAILED} {place}", None):
            raise error
        api().me()
        st.session_state[_NEXT_TRIES] = tries + 1
        st.rerun()


def is_passing(error: UiError) -> bool:
    """Whether the API did not answer, or something that it needs did not: then it will, whatever is
    asked. What is too much, altered or of a later release stays so, and is not asked again.
    """
    if isinstance(error, ApiRefused):
        return error.status in UNAVAILABLE and error.kind in OUTAGES
    return isinstance(error, ApiUnreachable)


def is_forbidden(error: UiError) -> bool:
    """Whether somebody has to give the caller a right first: nothing on the page would help."""
    return isinstance(error, ApiRefused) and error.status == FORBIDDEN


def is_wrong_cursor(error: UiError) -> bool:
    """Whether the address goes on in a list at a place that the list does not have."""
    if not isinstance(error, ApiRefused) or error.status != BAD_REQUEST:
        return False
    return CURSOR in error.fields and address.read(Parameter.AFTER) is not None


def is_gone(error: UiError) -> bool:
    """Whether the address names what nobody has."""
    refused = isinstance(error, ApiRefused) and error.status == NOT_FOUND
    return refused and any(address.read(each) for each in NAMED)


def unknown_filters(error: UiError) -> Mapping[str, str]:
    """What is wrong with the model or the cost centre that the address names."""
    if not isinstance(error, ApiRefused) or error.status != BAD_REQUEST:
        return {}
    return {name: error.fields[name] for name in FILTERS if name in error.fields}


def helped_by_asking_again(error: UiError) -> bool:
    """Whether the same address may have an answer later."""
    leads_nowhere = isinstance(error, AddressUnreadable) or is_gone(error)
    return not leads_nowhere and not unknown_filters(error)


def _words(error: UiError) -> str:
    """What is wrong, and what to do about it or whom to ask."""
    if is_forbidden(error):
        right = "The right is an app role, which an administrator of your sign-in gives"
        return f"For more, ask {KEEPERS}. {right}: {error}"
    if is_wrong_cursor(error):
        return (
            f"{Parameter.AFTER} in the address of this page names no place in this list. Begin at "
            f"its first page. {error}"
        )
    unknown = unknown_filters(error)
    if not unknown:
        return str(error)
    said = [
        f"{words} {address.read(Parameter(name)) or ''}: {unknown[name]}."
        for name, words in FILTERS.items()
        if name in unknown
    ]
    return " ".join([*said, "It may have another name now. Show everything, and choose from that."])


def _headline(error: UiError) -> str:
    match error:
        case SettingMissing():
            return "The UI is not configured"
        case _ if isinstance(error, AddressUnreadable) or is_wrong_cursor(error):
            return "This address cannot be read"
        case ApiUnreachable():
            return "The API does not answer"
        case SignInNeeded():
            return "The API wants people to sign in, and this UI has no sign-in (docs/sign_in.md)"
        case ApiRefused(status=status) if status == NOT_FOUND or unknown_filters(error):
            return "Not found"
        case ApiRefused() if is_forbidden(error):
            return "You may not see this"
        case ApiRefused():
            return "The API could not answer"
    return "The API's answer cannot be read"
