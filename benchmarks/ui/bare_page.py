"""The least that a page of Streamlit can be: a title, a figure, a table and a chart.

It asks nobody anything, so what people wait for it is what they wait for Streamlit.
"""

import altair as alt
import streamlit as st

DAYS = range(1, 31)

st.set_page_config(page_title="A bare page", layout="wide")
st.title("A bare page")
st.metric("Calls", "1,234")
st.dataframe({"Day": list(DAYS), "Calls": [day * 7 for day in DAYS]})
bars: alt.Chart = (
    alt.Chart({"values": [{"day": day, "calls": day * 7} for day in DAYS]})
    .mark_bar()
    .encode(x="day:N", y="calls:Q")
)
st.altair_chart(bars)
