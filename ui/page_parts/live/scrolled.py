"""Whether somebody has scrolled down, so that a live list does not move under their eyes."""

import streamlit as st

_SCRIPT = """
export default function ({ setStateValue }) {
  const main = document.querySelector('[data-testid="stMain"]');
  let said = false;
  const look = () => {
    const scrolled = main.scrollTop > 60;
    if (scrolled !== said) {
      said = scrolled;
      setStateValue("scrolled", scrolled);
    }
  };
  main.addEventListener("scroll", look, { passive: true });
  return () => main.removeEventListener("scroll", look);
}
"""
_WATCH = st.components.v2.component("scrolled", js=_SCRIPT)


def is_scrolled() -> bool:
    """Draws nothing. The page is drawn again when the answer changes."""
    result = _WATCH(
        key="scrolled", default={"scrolled": False}, on_scrolled_change=lambda: None, height=1
    )
    return bool(result.get("scrolled"))
