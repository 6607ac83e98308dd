"""Signing in and out: who looks at the page, and the way in for whoever has none yet."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from ui.api.connection import caller_token, settings
from ui.api.me_answer import Me, Permission
from ui.api.settings import SignIn
from ui.format import escape

EASY_AUTH_NAME_HEADER = "X-Ms-Client-Principal-Name"
_REFUSED = "refused_token"
_SAME_TAB = st.components.v2.component(
    "chargeback_same_tab",
    html="<a></a>",
    css="""
a {
  display: inline-block;
  padding: 0.35rem 0.75rem;
  font-family: var(--st-font);
  color: var(--st-text-color);
  text-decoration: none;
  border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius);
}

a:hover,
a:focus-visible {
  outline: 2px solid var(--st-primary-color);
}
""",
    js="""
export default function ({ data, parentElement }) {
  const link = parentElement.querySelector("a");
  link.href = data.address;
  link.textContent = data.label;
}
""",
)
"""A link of the platform's. Streamlit's own opens another tab, and the one that somebody signs out
of would go on with their token, and refresh what they see.
"""


_TABS = st.components.v2.component(
    "chargeback_tabs",
    js="""
let channel = null;
export default function ({ data }) {
  channel?.close();
  channel = new BroadcastChannel("chargeback.sign_in");
  if (data.signed_in) channel.onmessage = () => window.location.reload();
  else channel.postMessage("signed out");
}
""",
)
"""Draws nothing. A connection has the token with which it began, so the other tabs of a browser
would go on after a sign-out. A tab without a token tells the others, which load their page again.
"""


def note_refusal(token: str) -> None:
    """The API does not accept this token any more: the page asks to sign in when drawn again."""
    st.session_state[_REFUSED] = token


def must_sign_in() -> bool:
    """Whether nothing can be asked of the API before somebody signs in."""
    if settings().sign_in is SignIn.NONE:
        return False
    token = caller_token()
    return token is None or token == st.session_state.get(_REFUSED)


def draw_sign_in() -> None:
    """The bar in place of the page. Signing in leads back to the same address."""
    expired = caller_token() is not None
    if not expired:
        _TABS(data={"signed_in": False}, key="tabs", height=1)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if expired:
            st.markdown("**Your sign-in has expired.** Sign in again to return to this page.")
        else:
            st.markdown("**LLM chargeback.** Sign in to see what calls cost.")
        label = "Sign in again" if expired else "Sign in"
        if settings().sign_in is SignIn.EASY_AUTH:
            address = easy_auth_login(st.context.url or "", st.query_params.to_dict())
            _SAME_TAB(data={"label": label, "address": address}, key="sign_in")
        else:
            st.button(label, on_click=st.login, key="sign_in")


def draw_caller(me: Me) -> None:
    """Who looks at the page, what they see, and the way out. Nothing where nobody signs in."""
    mode = settings().sign_in
    if mode is SignIn.NONE:
        return
    _TABS(data={"signed_in": True}, key="tabs", height=1)
    with (
        st.container(horizontal=True, horizontal_alignment="right"),
        st.popover(escape(me.name or _own_name()), icon=":material/person:"),
    ):
        st.caption(f"You see {scope(me)}.")
        if mode is SignIn.EASY_AUTH:
            _SAME_TAB(data={"label": "Sign out", "address": "/.auth/logout"}, key="sign_out")
        else:
            st.button("Sign out", on_click=st.logout, icon=":material/logout:", key="sign_out")


def scope(me: Me) -> str:
    """Whose calls the pages are about, as Markdown."""
    if me.may(Permission.BILLING):
        return "everybody's calls"
    owned = [f"those of {each.kind.replace('_', ' ')} {escape(each.name)}" for each in me.owns]
    return " and ".join(["your own calls", *owned])


def show_part_seen(me: Me) -> None:
    """Whoever does not see everybody's calls reads whose the numbers of a page are."""
    if not me.may(Permission.BILLING):
        st.caption(f"You see {scope(me)}.")


def _own_name() -> str:
    """What the issuer calls somebody whom nobody has imported; it decides nothing."""
    named = [st.user.get("name"), st.user.get("preferred_username")]
    named.append(st.context.headers.get(EASY_AUTH_NAME_HEADER))
    return next((name for name in named if isinstance(name, str) and name), "Signed in")


def easy_auth_login(url: str, query: Mapping[str, str]) -> str:
    """The platform's sign-in, which leads back to a page of this site: `//host` would lead away."""
    path = "/" + urlsplit(url).path.lstrip("/\\")
    back = quote(f"{path}?{urlencode(query)}", safe="")
    return f"/.auth/login/aad?post_login_redirect_uri={back}"
