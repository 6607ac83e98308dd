"""Re-rating runs: what each changed or would change, by whom it was approved, what it skipped."""

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from ui import address
from ui.address import RERATINGS_PAGE, Parameter
from ui.api.client import Client
from ui.api.connection import api, asked_ahead
from ui.api.rerating_answers import Regroupings, Run, RunDetail
from ui.export.buttons import Extent, show_files
from ui.format import amount, counted, escape, exact_number, instant, local_day, signed
from ui.format import days as days_text
from ui.page_parts.rerating.changes import (
    LINES_SHOWN_MAX,
    NO_PRICE,
    amount_known,
    cost_centre_text,
    differences,
    groups_of,
    known_column,
    model_text,
    person_texts,
)
from ui.parts.choosers import choose
from ui.parts.differences import show_differences
from ui.parts.tables import (
    change_column,
    charge_column,
    count_column,
    day_column,
    exact_column,
    linked_rows,
    moment_column,
    plain_table,
    text_column,
)
from ui.period import DAY, Period

BOOK_LETTERS = 12
CARD_WIDTH_PX = 160


def show_runs(runs: list[Run], zone: str) -> None:
    """All runs; a row shows one below them."""
    columns = {
        "Run": text_column([run.run for run in runs]),
        "State": text_column([run.state for run in runs]),
        "Days": replace(
            text_column([days_text(run_days(run).first, run_days(run).last) for run in runs]),
            sorted_by=[(run.scope.from_day, run.scope.to_day) for run in runs],
        ),
        "Calls": count_column([run.calls for run in runs]),
        "Of them changed": count_column([run.changed for run in runs]),
        f"Difference ({runs[0].currency})": change_column([run.delta for run in runs]),
        "Approved by": text_column([run.approved_by for run in runs]),
        "Why": text_column([run.why for run in runs]),
    }
    shown = linked_rows(
        "runs",
        [run.run for run in runs],
        links=[
            address.href(address.all_with(Parameter.RUN, run.run), page=RERATINGS_PAGE)
            for run in runs
        ],
        columns=columns,
        alt="Re-rating runs, the newest first",
    )
    whole = Period(
        first=min(run.scope.from_day for run in runs), until=max(run.scope.to_day for run in runs)
    )
    show_files("runs", shown, period=whole, zone=zone, currency=runs[0].currency)


def show_run(run: RunDetail, zone: str) -> None:
    """The run's report, largest differences first."""
    st.header(f"Run {escape(run.run)}: {escape(run.state)}", anchor=False)
    st.markdown(verdict(run))
    with st.grid(3, min_column_width=CARD_WIDTH_PX):
        for label, value in (("Before", run.before), ("After", run.after)):
            known = NO_PRICE if value is None else amount(value, run.currency)
            st.metric(label, known, border=True, help=amount_known(value))
        change = f"{signed(run.delta)} {run.currency}"
        st.metric("Difference", change, border=True, help=exact_number(run.delta))
    groups = groups_of(run.lines)
    by = choose("Difference by", Parameter.BY, options={name: name for name in groups})
    found = differences(run.lines, groups[by])
    scope = days_text(run_days(run).first, run_days(run).last)
    about = f"run {run.run}, {run.state}\n{scope}, days of {zone}, {run.currency}"
    show_differences(found, of=by.lower(), currency=run.currency, about=about)
    st.caption(scope_text(run))
    st.markdown("\n".join(f"- {step}" for step in steps(run, zone)))
    if run.state in NEXT_STEPS:
        st.caption("The next step, on a command line:" if run.state != "applied" else "To undo it:")
        st.code(NEXT_STEPS[run.state].format(run=run.run), language=None)
    said = [
        f"price book {run.book_version[:BOOK_LETTERS]}",
        f"{counted(run.newly_priced, 'call')} newly priced",
        f"{run.newly_unpriced:,} newly without a price",
        f"{run.written:,} written, {run.left_alone:,} left alone",
    ]
    if run.reverted_by is not None:
        said.append(f"{run.restored:,} restored, {run.kept:,} kept")
    st.caption(" · ".join(said))
    ordered = sorted(run.lines, key=lambda line: (-abs(line.delta), line.day, line.subject))
    lines, people = ordered[:LINES_SHOWN_MAX], person_texts(run.lines)
    cut = None
    if len(lines) < len(ordered):
        cut = f"the {len(lines):,} largest differences of {len(ordered):,}"
        st.caption(f"{cut.capitalize()}.")
    columns = {
        "Day": day_column([line.day for line in lines]),
        "Person": text_column([people[line.subject] for line in lines]),
        "Model": text_column([model_text(line) for line in lines]),
        "Cost centre": text_column([cost_centre_text(line) for line in lines]),
        "Calls": count_column([line.calls for line in lines]),
        "Of them changed": count_column([line.changed for line in lines]),
        f"Before ({run.currency})": known_column(
            [(line.before, line.unpriced_before) for line in lines]
        ),
        f"After ({run.currency})": known_column(
            [(line.after, line.unpriced_after) for line in lines]
        ),
        f"Difference ({run.currency})": exact_column([line.delta for line in lines]),
    }
    shown = plain_table(
        "changes",
        columns,
        alt="What the run changes, largest differences first",
        sortable=0 if cut else None,
    )
    extent = Extent(of={Parameter.RUN.value: f"{run.run} ({run.state})"}, rows=cut)
    days = run_days(run)
    show_files(
        f"run {run.run}", shown, period=days, zone=zone, currency=run.currency, extent=extent
    )


def run_days(run: Run) -> Period:
    """The days whose calls a run looks at."""
    return Period(first=run.scope.from_day, until=run.scope.to_day)


TENSES = {"staged": "would change", "approved": "would change", "applied": "changed"}
"""Whether a run's difference is in the totals."""


NEXT_STEPS = {
    "staged": 'chargeback rerate approve {run} --by NAME --why "REASON"',
    "approved": "chargeback rerate apply {run}",
    "applied": 'chargeback rerate revert {run} --by NAME --why "REASON"',
}
"""What a person may do with a run now; the API changes nothing."""


def verdict(run: Run) -> str:
    """What the run is about, in one sentence, as Markdown."""
    verb = TENSES.get(run.state, f"is {escape(run.state)}: it was to change")
    parts = [f"**This run {verb} {run.changed:,} of {counted(run.calls, 'call')}"]
    if run.delta:
        word = "more" if run.delta > 0 else "less"
        parts.append(f": {amount(abs(run.delta), run.currency)} {word}**.")
    else:
        parts.append(" and no total**.")
    if run.newly_priced:
        got = "gets" if run.newly_priced == 1 else "get"
        parts.append(f" {counted(run.newly_priced, 'call')} {got} a first price.")
    if run.newly_unpriced:
        parts.append(f" {counted(run.newly_unpriced, 'call')} without a price afterwards.")
    return "".join(parts)


def scope_text(run: RunDetail) -> str:
    """Which calls the run looks at, as Markdown."""
    scope = run.scope
    names = {line.subject: line.name for line in run.lines if line.name}
    parts = [f"Calls of {days_text(scope.from_day, scope.to_day - timedelta(days=1))}"]
    if scope.subject is not None:
        parts.append(f"of {escape(names.get(scope.subject) or scope.subject)}")
    if scope.model is not None:
        parts.append(f"of the model {escape(scope.model)}")
    if scope.cost_centre is not None:
        parts.append(f"of the cost centre {escape(scope.cost_centre)}")
    return " ".join(parts)


def steps(run: RunDetail, zone: str) -> list[str]:
    """What was done with the run: when, by whom and why, as Markdown."""
    said = [f"staged {escape(instant(run.staged_at, zone))}"]
    if run.approved_by is not None and run.approved_at is not None:
        when = escape(instant(run.approved_at, zone))
        said.append(f"approved {when} by {escape(run.approved_by)}: {escape(run.why or '')}")
    if run.applied_at is not None:
        said.append(f"applied {escape(instant(run.applied_at, zone))}")
    if run.reverted_by is not None:
        when = "begun" if run.reverted_at is None else escape(instant(run.reverted_at, zone))
        said.append(f"reverted {when} by {escape(run.reverted_by)}: {escape(run.revert_why or '')}")
    return said


def show_regroupings(found: Regroupings, zone: str) -> None:
    """What imports of people moved; it shows no names."""
    st.header("Cost centres that changed on past days", anchor=False)
    st.caption(
        "Totals by cost centre follow today's people. A call keeps its price until a run changes "
        "it; a closed month's invoices stay as they are."
    )
    rows = found.data
    columns = {
        "Imported": moment_column(
            [row.recorded_at for row in rows], lambda at: local_day(at, zone)
        ),
        "Subject": text_column([row.subject for row in rows]),
        "From": day_column([row.first_day for row in rows]),
        "To": day_column([row.last_day for row in rows]),
        "Was": text_column([row.before for row in rows]),
        "Is": text_column([row.after for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
        f"Charge moved ({found.currency})": charge_column([row.charge for row in rows]),
        "A run would reprice": count_column([row.repriced for row in rows]),
        "Not compared": count_column([row.not_compared for row in rows]),
        f"By ({found.currency})": exact_column([row.delta for row in rows]),
        "Month": text_column(["closed" if row.closed else "open" for row in rows]),
    }
    shown = plain_table(
        "moved days",
        columns,
        alt=f"Calls that count for another cost centre, {found.currency}",
    )
    whole = Period(
        first=min(row.first_day for row in rows), until=max(row.last_day for row in rows) + DAY
    )
    show_files("moved calls", shown, period=whole, zone=zone, currency=found.currency)


st.title("Re-rating runs", anchor=False)
st.caption("Prices are corrected by runs that are staged, approved, applied and can be reverted.")
named = address.read(Parameter.RUN)
with asked_ahead(Client.reratings, Client.regroupings):
    found = api().reratings().data
zone = api().health().zone
if not found and named is None:
    st.info(
        "No run was staged yet. After a price is corrected in the book, `chargeback rerate stage` "
        "shows what it changes.",
        icon=":material/history:",
    )
else:
    if found:
        show_runs(found, zone)
    show_run(api().rerating(named or found[0].run), zone)
moved = api().regroupings()
if moved.data:
    show_regroupings(moved, zone)
