"""One call: its exact cost, line by line, with everything that proves it."""

from decimal import Decimal

import streamlit as st

from ui import address
from ui.address import TRACES_PAGE, Parameter
from ui.api.connection import api, today
from ui.api.usage_answers import CallDetail, Explanation
from ui.figures.call_sum import adjustments_of, conversion_words, sentence
from ui.figures.units import tokens
from ui.format import day as day_text
from ui.format import escape, exact_amount, instant, unit
from ui.page_parts.call.facts import show_facts, show_id
from ui.page_parts.call.rule import show_rule
from ui.page_parts.call.timeline import show_timeline
from ui.page_parts.call.waterfall import show_waterfall
from ui.parts.call_state import WORDS, short_reason, show_state, state_words
from ui.parts.home import way_to
from ui.parts.tables import (
    count_column,
    exact_column,
    moment_column,
    plain_table,
    text_column,
)

# Room for an exact amount: every digit down to 10⁻¹².
CARD_WIDTH_PX = 240
# These characters of a book's hash distinguish books in a list; the facts show all of it.
BOOK_LETTERS = 12


def show_amounts(call: CallDetail) -> None:
    """The charge and the tokens; list price and discounts where they are not the same amount."""
    with st.grid(4, min_column_width=CARD_WIDTH_PX):
        if call.cost:
            st.metric("Charge", exact_amount(call.cost.charge, call.currency), border=True)
            if len({call.cost.list, call.cost.contracted, call.cost.charge}) > 1:
                at_list = exact_amount(call.cost.list, call.currency)
                st.metric("At list price", at_list, border=True)
                contracted = exact_amount(call.cost.contracted, call.currency)
                st.metric("After discounts", contracted, border=True)
            if call.cost.billed is not None and call.billing_currency:
                billed = exact_amount(call.cost.billed, call.billing_currency)
                st.metric("Billed", billed, border=True)
        else:
            st.metric("Charge", state_words(call.state, call.status), border=True)
        st.metric("Tokens", f"{tokens(call.units):,}", border=True)


EXCLUSIONS = {
    "cache_write": (
        "**The charge excludes cache writes.** The tokens of this call are from the gateway's log, "
        "which does not count cache writes, and this model charges more for them than for input."
    ),
    "details": (
        "**The charge excludes details.** The cached or reasoning tokens in the gateway's log "
        "contradicted its other counts, so all of the prompt is charged at the full price."
    ),
    "modality": (
        "**The charge takes audio and images for text.** The tokens of this call are from the "
        "gateway's log, which does not say which of them are audio or image."
    ),
    "tool_fees": (
        "**The charge excludes fees of tools.** The gateway's log does not count what the model's "
        "server may have run, such as web searches."
    ),
    "tier": (
        "**The service tier is assumed.** The answer does not say it, so the charge is of the tier "
        "that the deployment's alias states, else of the default one."
    ),
    "estimated": "**The tokens may be an estimate** of the gateway: the model's own are unknown.",
}
"""What each exclusion means to a person."""


def show_exclusions(call: CallDetail) -> None:
    """Show what the charge leaves out; nothing for most calls."""
    for exclusion in call.excludes:
        said = EXCLUSIONS.get(exclusion, f"**The charge excludes {exclusion}.**")
        st.warning(said, icon=":material/indeterminate_check_box:")


def show_explanation(explanation: Explanation, call: CallDetail) -> None:
    """Show quantity × unit price = cost for every unit, and that the lines add up to the charge."""
    st.header("How the cost was calculated")
    lines = explanation.lines
    plain_table(
        "units",
        {
            "Unit": text_column([unit(line.unit) for line in lines]),
            "Quantity": count_column([line.quantity for line in lines]),
            f"× price per 1 M ({call.currency})": exact_column(
                [line.unit_price_per_million for line in lines]
            ),
            "= at list price": exact_column([line.list for line in lines]),
            "After discounts": exact_column([line.contracted for line in lines]),
            "Charge": exact_column([line.charge for line in lines]),
        },
        alt="Lines of the call's cost: unit, quantity, price and amounts",
    )
    total = sum((line.charge for line in lines), Decimal(0))
    if call.cost and total == call.cost.charge:
        st.caption(f"The lines add up to the charge: {exact_amount(total, call.currency)}.")
    elif call.cost:
        st.error(
            f"The lines add up to {exact_amount(total, call.currency)}, but the charge is "
            f"{exact_amount(call.cost.charge, call.currency)}: run an audit.",
            icon=":material/error:",
        )
    show_adjustments(call)
    if converted := conversion_words(call):
        st.caption(escape(converted))
    show_rule(call)


def show_adjustments(call: CallDetail) -> None:
    adjustments = adjustments_of(call)
    if not adjustments:
        st.caption("No discount and no surcharge: the list price is the charge.")
        return
    plain_table(
        "adjustments",
        {
            "Adjustment": text_column([adjustment.rule_id for adjustment in adjustments]),
            "Layer": text_column([adjustment.layer for adjustment in adjustments]),
            "Factor": exact_column([adjustment.factor for adjustment in adjustments]),
            f"Changes the cost by ({call.currency})": exact_column(
                [adjustment.delta for adjustment in adjustments]
            ),
        },
        alt="Discounts and surcharges in the order they were applied",
    )


def show_chain(call: CallDetail) -> None:
    """Every row of the call's chain; the last one is the call."""
    st.header("Chain")
    chain = call.chain
    plain_table(
        "chain",
        {
            "n": count_column([entry.n for entry in chain]),
            "Recorded at": moment_column(
                [entry.recorded_at for entry in chain], lambda at: instant(at, call.zone)
            ),
            "State": text_column([WORDS[entry.state] for entry in chain]),
            "Reason": text_column(
                [short_reason(entry.reason) or "first recorded" for entry in chain]
            ),
            "Run": text_column([entry.run for entry in chain]),
            "By": text_column([entry.run_by for entry in chain]),
            "Tokens": count_column([tokens(entry.units) for entry in chain]),
            f"Before ({call.currency})": exact_column(
                [entry.before.charge if entry.before else None for entry in chain]
            ),
            f"Charge ({call.currency})": exact_column(
                [entry.cost.charge if entry.cost else None for entry in chain]
            ),
            "Price book": text_column([entry.book_version[:BOOK_LETTERS] for entry in chain]),
        },
        alt="Entries of the call's chain, oldest first",
    )


def request_facts(call: CallDetail) -> dict[str, str | None]:
    return {
        "Subject": call.subject,
        "Cost centre": call.cost_centre,
        "Model": call.model,
        "Model version": call.model_version,
        "Model in the answer": call.reported_model,
        "Alias": "not confirmed by the answer" if call.alias_unconfirmed else None,
        "Provider": call.provider,
        "Deployment": call.deployment,
        "Deployment that served": call.served_deployment,
        "Backend": call.backend_host,
        "Deployment type": call.deployment_type,
        "Region": call.region,
        "Service tier": call.service_tier,
        "Service tier asked for": call.requested_tier,
        "API": call.api,
        "Operation": call.operation,
        "HTTP status": str(call.status),
        "Streamed": "yes" if call.stream else "no",
        "Duration": None if call.duration_ms is None else f"{call.duration_ms:,} ms",
        "Product": call.product,
        "Subscription": call.subscription,
        "Session": call.session,
    }


COUNTED_BY = {
    "model": "the model's own answer",
    "gateway_log": "the gateway's log",
    "estimated": "an estimate of the gateway",
}


def counted_by(call: CallDetail) -> str | None:
    """Who counted the call's tokens; None if it counts nothing."""
    if call.tokens_from is None:
        return None
    source = COUNTED_BY.get(call.tokens_from, call.tokens_from)
    return f"{source}, corrected after the first record" if call.tokens_corrected else source


def evidence_facts(call: CallDetail) -> dict[str, str | None]:
    return {
        "Tokens from": counted_by(call),
        "Response id": call.response_id,
        "Trace id": call.trace_id,
        "Event hub": call.origin.hub,
        "Partition": call.origin.partition,
        "Sequence number": str(call.origin.sequence_number),
    }


def show_way_back(call: CallDetail) -> None:
    around = address.range_around(call.day, today=today(api().health()))
    of_subject = {**around, Parameter.SUBJECT: call.subject}
    of_day = {**of_subject, Parameter.DAY: call.day.isoformat()}
    address.breadcrumbs(
        [
            *way_to(call.cost_centre, api().me(), around),
            address.Link(label=call.name or call.subject, parameters=of_subject),
            address.Link(label=day_text(call.day), parameters=of_day),
        ]
    )


def draw_call(call_id: str) -> None:
    way, heading = st.container(), st.empty()
    heading.title("Call")
    call = api().call(call_id)
    with way:
        show_way_back(call)
    heading.title(f"Call of {escape(instant(call.time, call.zone))}")
    st.caption(
        f"{escape(call.name or call.subject)} · {escape(call.model or 'no model')} · "
        f"billing day {day_text(call.day)} of {escape(call.zone)}"
    )
    show_state(call)
    st.markdown(sentence(call))
    show_amounts(call)
    show_exclusions(call)
    show_waterfall(call)
    show_id("Request id", call.call_id)
    st.page_link(
        TRACES_PAGE,
        label="Trace of this call",
        icon=":material/timeline:",
        query_params={Parameter.CALL.value: call.id},
    )
    show_timeline(call)
    if call.explanation.lines:
        show_explanation(call.explanation, call)
    show_chain(call)
    left, right = st.columns(2)
    with left:
        st.header("Request")
        show_facts(request_facts(call))
    with right:
        st.header("Evidence")
        show_facts(evidence_facts(call))
