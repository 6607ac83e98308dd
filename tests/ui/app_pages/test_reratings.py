"""The page of re-rating runs, and a call's history, over the real API."""

from datetime import date
from decimal import Decimal

import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.paths import ROOT
from tests.ui.lists import lists
from tests.ui.stand import KEY, PEOPLE, UNPRICED, Stand, invented_calls
from ui.format import escape

APP = ROOT / "ui/streamlit_app.py"
PAGE = "app_pages/reratings.py"
RUN_TIMEOUT_S = 30


def reratings(**parameters: str) -> AppTest:
    """The page as its address opens it."""
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    app = app.run().switch_page(PAGE)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def said(app: AppTest) -> str:
    found = [*app.info, *app.caption, *app.markdown, *app.header, *app.metric]
    return " ".join(str(element.value) for element in found)


def test_without_runs_the_page_says_how_to_stage_one(stand: Stand) -> None:
    app = reratings()
    assert not app.exception
    assert "rerate stage" in said(app)


def test_run_is_listed_and_its_address_shows_the_diff(stand: Stand, today: date) -> None:
    run = stand.rerate(2, today)
    listed = reratings()
    assert not listed.exception
    assert lists(listed)[0]["Run"] == [run]
    shown = reratings(run=run)
    assert not shown.exception
    detail = stand.client.rerating(run)
    assert f"Run {run}: applied" in said(shown)
    assert f"**This run changed {detail.changed:,} of {detail.calls:,} calls: " in said(shown)
    assert f"Run {run}: applied" in said(listed), "the newest run is shown at once"
    assert detail.before is not None
    assert detail.after == 2 * detail.before
    assert sum(line.delta for line in detail.lines) == detail.delta
    assert f"{detail.written:,} written, 0 left alone" in said(shown)


def test_calls_that_get_their_price_say_so_with_names_scope_and_who_did_what(
    stand: Stand, today: date
) -> None:
    lab = next(call for call in invented_calls(today) if call.deployment == UNPRICED)
    run = stand.rerate(1, lab.day, lab=True, model=UNPRICED)
    shown = reratings(run=run)
    assert not shown.exception
    before, after, _ = shown.metric
    assert before.value == "no price"
    assert Decimal(after.value.removesuffix(" USD")) > 0
    [table] = [table for table in lists(shown) if "Model" in table]
    assert set(table["Model"]) == {f"{UNPRICED} → gpt-4o"}
    assert set(table["Before (USD)"]) == {"no price"}
    assert PEOPLE[lab.subject][0] in set(table["Person"])
    text = said(shown)
    assert f"of the model {escape(UNPRICED)}" in text
    steps = [str(step.value) for step in shown.markdown]
    (done,) = [step.splitlines() for step in steps if step.startswith("- staged ")]
    assert "by ada: a corrected price" in done[1]
    assert done[2].startswith("- applied ")


def test_past_days_that_an_import_moved_are_shown(stand: Stand, today: date) -> None:
    assert "Cost centres that changed" not in said(reratings())
    stand.regroup("ada", today)
    st.cache_data.clear()
    shown = reratings()
    assert not shown.exception
    assert "Cost centres that changed on past days" in said(shown)
    [table] = [table for table in lists(shown) if "Was" in table]
    assert list(table["Was"]) == ["R&D"]
    assert list(table["Is"]) == ["Sales"]
    assert list(table["Calls"]) == [3]


def test_call_shows_which_run_changed_it_and_who_let_it(stand: Stand, today: date) -> None:
    run = stand.rerate(2, today)
    changed = [
        stand.client.call(call)
        for row in stand.client.rerating(run).lines
        for call in stand.call_ids(row.subject, today)
    ]
    call = next(call for call in changed if len(call.chain) == 2)
    last = call.chain[1]
    assert (last.reason, last.run, last.run_by) == ("re-rating", run, "ada")
    assert last.before is not None
    assert last.cost is not None
    assert last.cost.charge == 2 * last.before.charge
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    app.query_params["call"] = call.id
    app.run()
    assert not app.exception
    chain = next(table for table in lists(app) if "Run" in table)
    assert list(chain["Run"])[1:] == [run]
    assert list(chain["By"])[1:] == ["ada"]


def test_a_line_of_nobody_s_cost_centre_says_so_as_the_chart_does(
    stand: Stand, today: date
) -> None:
    calls = [call for call in invented_calls(today) if call.subject == KEY and call.priced.charge]
    run = stand.rerate(2, calls[-1].day)
    app = reratings(run=run, by="Cost centre")
    assert not app.exception
    (of_key,) = {cell for each in lists(app) for cell in each.get("Cost centre", [])}
    assert of_key == "no cost centre"
