"""The least that a page of Streamlit can be: a title, a figure, a table, a chart, and a button.

It asks nobody anything, so what people wait for it is what they wait for Streamlit. The button
draws the page again with another title and figure.
"""

import altair as alt
import streamlit as st

DAYS = range(1, 31)

st.set_page_config(page_title="A bare page", layout="wide")
heading = st.empty()
if st.button("Draw again"):
    st.session_state.drawn = st.session_state.get("drawn", 0) + 1
drawn = st.session_state.get("drawn", 0)
heading.title(f"A bare page, {drawn}")
st.metric("Calls", f"{1234 + drawn:,}")
st.dataframe({"Day": list(DAYS), "Calls": [day * 7 for day in DAYS]})
bars: alt.Chart = (
    alt.Chart({"values": [{"day": day, "calls": day * 7} for day in DAYS]})
    .mark_bar()
    .encode(x="day:N", y="calls:Q")
)
st.altair_chart(bars)
