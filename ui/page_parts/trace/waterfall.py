"""One call as a waterfall of gateway and model, and what metering did with it afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import altair as alt
import streamlit as st

from ui.api.connection import now
from ui.api.telemetry_answers import Trace, TraceStep
from ui.format import escape, instant
from ui.parts.charts import FITTED, chart_title

BAR_PX = 30
NEW = timedelta(hours=1)
"""Items of a younger call may still arrive."""
IN_PART = "Application Insights answered in part: something may be missing. Try again later."
MILLISECOND = timedelta(milliseconds=1)
KINDS = ["gateway", "model"]
COLOURS = ["#2f7fd6", "#c96d00"]


def show_steps(found: Trace, zone: str) -> None:
    """The answer in one sentence, the bars, and what came later as a list."""
    served = [step for step in found.steps if step.step in KINDS]
    later = [step for step in found.steps if step.step not in KINDS]
    if served:
        st.markdown(sentence(served))
        said = ", ".join(f"{step.step} {_ms(step)}" for step in served)
        whose = f"call {found.call_id} of {found.name or found.subject}"
        about = f"{whose}\n{instant(found.time, zone)}, clock of {zone}"
        st.altair_chart(waterfall(served, about=about), alt=f"Waterfall of the call: {said}")
    else:
        st.info(
            "Application Insights has no item of the gateway or the model for this call. "
            + why_none(found, at=now()),
            icon=":material/hourglass_empty:",
        )
    if served and found.partial:
        st.caption(IN_PART)
    st.header("Afterwards", anchor=False)
    st.markdown("\n".join(f"- {_later(step, zone)}" for step in later))


def why_none(found: Trace, *, at: datetime) -> str:
    """Why there may be no item of the call. Nobody knows which of the last two it was."""
    if found.partial:
        return IN_PART
    if at - found.time < NEW:
        return "It arrives within minutes."
    return "It was sampled away, or is older than what Application Insights keeps."


def sentence(steps: Sequence[TraceStep]) -> str:
    """Where the time went, as Markdown."""
    whole = max((step.duration_ms or 0 for step in steps if step.step == "gateway"), default=0)
    model = sum(step.duration_ms or 0 for step in steps if step.step == "model")
    tries = sum(step.step == "model" for step in steps)
    if not whole:
        return f"**The model took {model:,} ms.** The gateway's own time is not there."
    if not tries:
        return f"**The gateway answered in {whole:,} ms** without a model."
    asked = "" if tries == 1 else f" in {tries} tries"
    rest = max(whole - model, 0)
    return f"**{whole:,} ms in all: the model took {model:,} ms{asked}**, the gateway {rest:,} ms."


def waterfall(steps: Sequence[TraceStep], *, about: str = "") -> alt.Chart:
    """A bar per step from its start to its end, in milliseconds of the call."""
    begin = min(step.start for step in steps)
    marks = [
        {
            "label": f"{number}. {step.step}",
            "from": _offset(step.start, begin),
            "to": _offset(step.start, begin) + (step.duration_ms or 0),
            "kind": step.step,
            "name": step.name,
            "took": _ms(step),
            "status": step.status or "none",
        }
        for number, step in enumerate(sorted(steps, key=lambda each: each.start), 1)
    ]
    chart: alt.Chart = (
        alt.Chart({"values": marks})
        .mark_bar(minBandSize=4)
        .encode(
            y=alt.Y("label:N", sort=None, axis=alt.Axis(title=None, labelLimit=180)),
            x=alt.X("from:Q", axis=alt.Axis(title="Milliseconds", tickCount=6)),
            x2="to:Q",
            color=alt.Color("kind:N", scale=alt.Scale(domain=KINDS, range=COLOURS), legend=None),
            tooltip=[
                alt.Tooltip("name:N", title="Step"),
                alt.Tooltip("took:N", title="Took"),
                alt.Tooltip("status:N", title="Status"),
            ],
        )
        .properties(height=BAR_PX * len(marks), title=chart_title(about), autosize=FITTED)
    )
    return chart


def _offset(at: datetime, begin: datetime) -> int:
    return (at - begin) // MILLISECOND


def _ms(step: TraceStep) -> str:
    return "unknown" if step.duration_ms is None else f"{step.duration_ms:,} ms"


def _later(step: TraceStep, zone: str) -> str:
    """Metering and corrections are seconds to weeks after the answer: no bar could show both."""
    at = escape(instant(step.start, zone))
    if step.step == "metering":
        return f"metered {at}, recorded {_ms(step)} later: {escape(step.status or 'no state')}"
    return f"corrected {at} ({escape(step.name)}): {escape(step.status or 'no state')}"
