"""The colour of words in charts."""

import streamlit as st

LABELS = ("axis-label", "axis-title", "legend-label", "legend-title")
STYLE = """<style>
.stVegaLiteChart :is({}) text {{ fill: currentColor; }}
</style>""".format(", ".join(f".role-{label}" for label in LABELS))


def draw_chart_style() -> None:
    """Words next to charts have the colour of the page's text, in both themes. Streamlit's own grey
    on white has a contrast of 3.7; WCAG 2.2 AA wants 4.5.
    """
    st.html(STYLE)
