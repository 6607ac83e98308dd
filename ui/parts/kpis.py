"""The line of totals above every list, and the one on how trustworthy they are."""

from datetime import date, datetime

import streamlit as st

from ui.api.client import ALL, Only
from ui.api.usage_answers import DeadLetters, Head, Metering, Totals, Usage
from ui.figures.health import letters_words, open_letters
from ui.figures.units import CACHED_UNITS, PROMPT_UNITS, count_of, tokens
from ui.format import age, amount, compact, counted, days, escape, exact_amount, instant, share

PROBLEMS_SHOWN_MAX = 5
NOTHING_DUE = "nothing charged"


def charge_text(totals: Totals, currency: str) -> str:
    """The charge, or why there is none: a bare zero would read as "free"."""
    if totals.charge:
        return amount(totals.charge, currency)
    if totals.unpriced_calls:
        return "not priced yet"
    if totals.pending_calls:
        return "not finished yet"
    if totals.no_usage_calls > totals.failed_calls:
        return "usage unknown"
    failed = totals.failed_calls == totals.calls
    return NOTHING_DUE if totals.cost or failed else "usage unknown"


def charge_words(totals: Totals, currency: str) -> str:
    """The same in bold for the start of a sentence, in Markdown."""
    text = charge_text(totals, currency)
    return f"**{text[:1].upper()}{text[1:]}**"


def exact_charge(usage: Usage) -> str | None:
    """The amounts behind the rounded one, every digit of them."""
    cost = usage.totals.cost
    if cost is None:
        return None
    parts = [
        f"Exactly {exact_amount(cost.charge, usage.currency)}",
        f"at list price {exact_amount(cost.list, usage.currency)}",
    ]
    if cost.billed is not None and usage.billing_currency:
        parts.append(f"billed as {exact_amount(cost.billed, usage.billing_currency)}")
    return "; ".join(parts)


def show_totals(usage: Usage, *, today: date) -> None:
    """The charge and the usage behind it, in one line; the help shows the exact charge."""
    totals, running = usage.totals, usage.first <= today < usage.until
    used = tokens(totals.units)
    cached = count_of(totals.units, CACHED_UNITS)
    prompt = count_of(totals.units, PROMPT_UNITS)
    figures = [
        (
            "Charge to date" if running else "Charge",
            charge_text(totals, usage.currency),
            exact_charge(usage),
        ),
        ("Calls", f"{totals.calls:,}", None),
        ("Tokens", compact(used), f"{used:,} tokens"),
        (
            "Cached share",
            share(cached, prompt),
            f"{cached:,} of the {prompt:,} prompt tokens were read from the provider's cache",
        ),
        ("Errors", share(totals.errors, totals.calls), "Calls with status 400 or above"),
    ]
    with st.container(horizontal=True, gap="medium"):
        for label, value, explained in figures:
            st.metric(label, value, help=explained, width="content")


def scope_parts(head: Head, *, today: date) -> list[str]:
    """Days, zone and currency of the numbers."""
    shown = days(head.first, head.period.last)
    return [
        f"{shown}{', today so far' if head.first <= today < head.until else ''}",
        f"days of {escape(head.zone)}",
        f"amounts in {head.currency}",
    ]


def show_scope(usage: Usage, *, today: date, now: datetime, only: Only = ALL) -> None:
    """Days, zone and currency of the numbers, and how fresh they are: of all calls, also where the
    numbers are of some `only`.
    """
    parts = scope_parts(usage, today=today)
    if usage.newest_call:
        seen = escape(instant(usage.newest_call, usage.zone))
        of_all = "of all " if only != ALL else ""
        parts.append(f"newest event {of_all}{age(usage.newest_call, now)} ({seen})")
    st.caption(" · ".join(parts), width="content")


def show_metering(
    metering: Metering, letters: DeadLetters, *, now: datetime, only: Only = ALL
) -> None:
    """The result of the audit, and what was received but is not in the totals yet: of all calls,
    which a page about some `only` says.
    """
    number = open_letters(metering, letters)
    if only != ALL:
        st.caption("Of all calls:", width="content")
    show_audit_badge(metering, now=now)
    st.badge(
        f"{counted(metering.waiting, 'call')} waiting for tokens",
        color="blue" if metering.waiting else "gray",
        help="Streamed or failed calls that no total includes yet. Each is recorded when the "
        "gateway's log has reported its tokens, or when the wait for them ends.",
    )
    st.badge(
        f"{letters_words(number)} open",
        color="gray" if number == "0" else "red",
        help="Events that cannot be read, kept whole with the reason. See the operations "
        "guide on how to re-drive them.",
    )


def show_problems(metering: Metering) -> None:
    """What the last audit found, if anything."""
    problems = metering.audit.problems if metering.audit else []
    if problems:
        shown = [f"- {escape(problem)}" for problem in problems[:PROBLEMS_SHOWN_MAX]]
        rest = len(problems) - len(shown)
        more = [f"- and {rest} more"] if rest else []
        st.error("\n".join(["The audit found:", "", *shown, *more]), icon=":material/error:")


def show_audit_badge(metering: Metering, *, now: datetime) -> None:
    audit = metering.audit
    if audit is None:
        st.badge("Audit: not run yet", icon=":material/pending:", color="gray")
        return
    text = f"{age(audit.at, now)}, {counted(audit.calls, 'call')}"
    if audit.ok:
        st.badge(
            f"Audit passed {text}",
            icon=":material/verified:",
            color="green",
            help=f"Each of {audit.cells:,} daily totals equals the sum of its calls.",
        )
    else:
        st.badge(f"Audit failed {text}", icon=":material/error:", color="red")
