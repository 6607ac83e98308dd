"""The pages as their script runs, without a browser: what they show of what the API answers."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import ADA, BOB, KEY, ODD, ZONE, FakeCall, Ledger, stamp, totals
from ui.client import SUBJECTS_PAGE_ROWS
from ui.format import JOINER, amount
from ui.kpis import tokens
from ui.period import month_of
from ui.tables import grid_key

APP = Path(__file__).parents[2] / "ui/streamlit_app.py"
RUN_TIMEOUT_S = 30


def opened(**parameters: str) -> AppTest:
    """The app as it stands after its address was opened."""
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def in_address(app: AppTest, name: str) -> str:
    """A URL parameter; AppTest keeps those it was opened with as lists."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def cards(app: AppTest) -> dict[str, str]:
    return {card.label: card.value for card in app.metric}


def words(app: AppTest) -> str:
    """All prose of the page, as it reads."""
    parts = [*app.title, *app.caption, *app.markdown, *app.info, *app.warning, *app.error]
    return "\n".join(part.value for part in parts).replace("\\", "").replace(JOINER, "")


def column(app: AppTest, title: str, table: int = 0) -> list[object]:
    return list(app.dataframe[table].value[title])


def this_month(ledger: Ledger) -> list[FakeCall]:
    month = month_of(ledger.today)
    return [call for call in ledger.calls if month.first <= call.day < month.until]


def choose_row(app: AppTest, name: str, ids: list[str], row: int) -> AppTest:
    selection = {"selection": {"rows": [row], "columns": [], "cells": []}}
    app.session_state[grid_key(name, ids)] = selection
    return app.run()


@pytest.mark.usefixtures("api_url")
class TestOverview:
    def test_its_totals_are_those_of_the_month(self, ledger: Ledger) -> None:
        expected = totals(this_month(ledger))
        app = opened()
        assert not app.exception
        assert cards(app)["Charge to date"] == amount(Decimal(expected["cost"]["charge"]), "USD")
        assert cards(app)["Calls"] == str(expected["calls"])
        assert "%" in cards(app)["Cached share of prompts"]
        assert f"days of {ZONE}" in words(app)
        assert "amounts in USD" in words(app)
        assert "today so far" in words(app)

    def test_unpriced_calls_are_named_with_what_to_do(self, ledger: Ledger) -> None:
        unpriced = [call for call in this_month(ledger) if call.unpriced]
        assert unpriced
        warning = opened().warning[0].value.replace("\\", "")
        assert f"{len(unpriced)} calls without a price" in warning
        assert "gpt-9-preview" in warning
        assert "add it to the price book" in warning

    def test_last_month_is_another_sum(self, ledger: Ledger) -> None:
        last = month_of(month_of(ledger.today).first - timedelta(days=1))
        calls = [call for call in ledger.calls if last.first <= call.day < last.until]
        app = opened(range="Last month")
        assert cards(app)["Calls"] == str(len(calls))
        assert "Charge" in cards(app)
        assert "so far" not in words(app)

    def test_a_custom_range_includes_its_last_day(self, ledger: Ledger) -> None:
        day = ledger.today.isoformat()
        app = opened(range="Custom", first=day, last=day)
        assert cards(app)["Calls"] == str(
            len([call for call in ledger.calls if call.day == ledger.today])
        )

    def test_subjects_are_listed_dearest_first_with_their_names(self, ledger: Ledger) -> None:
        app = opened()
        charges = [Decimal(str(charge)) for charge in column(app, "Charge (USD)")]
        assert charges == sorted(charges, reverse=True)
        assert {"Ada Lovelace", "Bob Berg", KEY} <= set(column(app, "Subject"))
        own = [call for call in this_month(ledger) if call.subject == ADA]
        row = column(app, "Subject").index("Ada Lovelace")
        assert column(app, "Tokens")[row] == tokens(totals(own)["units"])
        assert charges[row] == Decimal(totals(own)["cost"]["charge"])

    def test_subjects_are_sorted_and_searched_by_the_api(self) -> None:
        assert column(opened(sort="Subject"), "Subject")[0] == "Ada Lovelace"
        assert column(opened(q="berg"), "Subject") == ["Bob Berg"]
        assert "No subject has calls that match" in words(opened(q="nobody"))

    def test_subjects_beyond_one_page_are_a_page_away(self, ledger: Ledger) -> None:
        first = ledger.calls[-1]
        ledger.calls = [
            FakeCall(number=n, subject=f"app:{n:03}", day=first.day, model="gpt-5-mini",
                     units={"input": 1000 + n})
            for n in range(SUBJECTS_PAGE_ROWS + 3)
        ]  # fmt: skip
        app = opened(sort="Subject")
        assert len(column(app, "Subject")) == SUBJECTS_PAGE_ROWS
        app.button(key="next_page").click().run()
        assert column(app, "Subject") == ["app:050", "app:051", "app:052"]
        assert in_address(app, "after") == str(SUBJECTS_PAGE_ROWS)
        app.button(key="first_page").click().run()
        assert len(column(app, "Subject")) == SUBJECTS_PAGE_ROWS

    def test_a_chosen_row_opens_that_subject_in_the_same_range(self) -> None:
        app = opened(range="Last month", sort="Subject")
        app = choose_row(app, "subjects", sorted([ADA, BOB, ODD, KEY]), 1)
        assert in_address(app, "subject") == BOB
        assert in_address(app, "range") == "Last month"
        assert "sort" not in app.query_params
        assert app.title[0].value == "Bob Berg"

    def test_a_late_choice_in_a_list_that_changed_opens_nothing(self, ledger: Ledger) -> None:
        app = opened(sort="Subject")
        app = choose_row(app, "subjects", sorted([ADA, BOB, "app:gone", ODD, KEY]), 1)
        assert app.title[0].value == "Overview"
        assert "subject" not in app.query_params

    def test_the_audit_badge_says_what_the_last_audit_found(self, ledger: Ledger) -> None:
        assert "Audit: not run yet" in words(opened())

    @pytest.mark.parametrize(
        ("ok", "problems", "said"),
        [(True, [], "Audit passed"), (False, ["cell 7 is 3 pico off"], "Audit failed")],
    )
    def test_an_audit_is_green_or_red(
        self, ledger: Ledger, ok: bool, problems: list[str], said: str
    ) -> None:
        at = stamp(ledger.calls[-1].time)
        ledger.audit = {"at": at, "ok": ok, "calls": 420, "cells": 99, "problems": problems}
        shown = words(opened())
        assert said in shown
        assert all(problem in shown for problem in problems)

    def test_dead_letters_and_deferred_calls_are_counted(self, ledger: Ledger) -> None:
        ledger.dead_letters = 1
        shown = words(opened())
        assert "1 dead letter open" in shown
        assert "12 calls deferred" in shown


@pytest.mark.usefixtures("api_url")
class TestEmpty:
    def test_a_ledger_without_calls_says_how_to_get_one(self, ledger: Ledger) -> None:
        ledger.calls = []
        app = opened()
        assert "Send one through the gateway" in words(app)
        assert not app.metric

    def test_a_range_without_calls_leads_to_the_newest_one(self, ledger: Ledger) -> None:
        old = [call for call in ledger.calls if call.day < month_of(ledger.today).first]
        ledger.calls = old
        app = opened()
        assert "No calls in this range. The newest call is of" in words(app)
        app.button(key="show_newest").click().run()
        month = month_of(old[-1].day)
        assert in_address(app, "first") == month.first.isoformat()
        assert cards(app)["Calls"] == str(
            len([call for call in old if month.first <= call.day < month.until])
        )

    def test_calls_that_all_lack_a_price_are_not_shown_as_free(self, ledger: Ledger) -> None:
        ledger.calls = [call for call in ledger.calls if call.unpriced]
        app = opened()
        assert cards(app)["Charge to date"] == "not priced yet"


@pytest.mark.usefixtures("api_url")
class TestSubject:
    def test_its_days_add_up_to_its_total(self, ledger: Ledger) -> None:
        own = [call for call in this_month(ledger) if call.subject == ADA]
        app = opened(subject=ADA)
        assert app.title[0].value == "Ada Lovelace"
        charges = column(app, "Charge (USD)")
        assert sum(Decimal(str(charge)) for charge in charges) == Decimal(
            totals(own)["cost"]["charge"]
        )

    def test_a_subject_without_a_name_is_shown_by_its_id(self) -> None:
        app = opened(subject=KEY)
        assert app.title[0].value.replace("\\", "").replace(JOINER, "") == KEY

    def test_a_chosen_day_opens_its_calls(self, ledger: Ledger) -> None:
        days = sorted({c.day for c in this_month(ledger) if c.subject == ADA}, reverse=True)
        ids = [day.isoformat() for day in days]
        app = choose_row(opened(subject=ADA), "days", ids, 1)
        assert in_address(app, "day") == ids[1]
        calls = [call for call in ledger.calls if (call.subject, call.day) == (ADA, days[1])]
        assert len(column(app, "Time")) == len(calls)

    def test_an_unknown_subject_is_said_to_be_unknown(self) -> None:
        app = opened(subject="app:nobody")
        assert "Not found" in words(app)
        assert "app:nobody" in words(app)


@pytest.mark.usefixtures("api_url")
class TestDay:
    def test_an_unpriced_call_has_no_charge_in_the_list(self, ledger: Ledger) -> None:
        call = next(call for call in reversed(ledger.calls) if call.unpriced)
        app = opened(subject=call.subject, day=call.day.isoformat())
        row = column(app, "State").index("no price yet")
        assert column(app, "Charge (USD)")[row] is None

    def test_a_chosen_row_opens_that_call(self, ledger: Ledger) -> None:
        calls = [c for c in ledger.calls if (c.subject, c.day) == (ADA, ledger.today)]
        app = opened(subject=ADA, day=ledger.today.isoformat())
        app = choose_row(app, "calls", [call.id for call in calls], 2)
        assert in_address(app, "call") == calls[2].id
        assert f"request-{calls[2].number}" in column(app, "Value", table=5)

    def test_a_day_that_is_none_is_refused_by_name(self) -> None:
        assert "day='someday'" in words(opened(subject=ADA, day="someday"))


@pytest.mark.usefixtures("api_url")
class TestCall:
    def test_its_lines_add_up_to_the_exact_charge(self, ledger: Ledger) -> None:
        call = next(call for call in ledger.calls if not call.unpriced)
        charge = call.cost()["charge"]
        app = opened(call=call.id)
        assert cards(app)["Charge"] == f"{charge} USD"
        assert f"The lines add up to the charge: {charge} USD" in words(app)
        assert sum(Decimal(str(cell)) for cell in column(app, "Charge")) == Decimal(charge)
        assert column(app, "Adjustment", table=1) == ["eu-10"]
        assert f"{call.model}-2026-01" in column(app, "Value", table=2)

    def test_an_unpriced_call_says_what_is_missing(self, ledger: Ledger) -> None:
        call = next(call for call in ledger.calls if call.unpriced)
        app = opened(call=call.id)
        assert cards(app)["Charge"] == "no price yet"
        assert "no alias for deployment gpt-9-preview-eu" in words(app)

    def test_lines_that_do_not_add_up_are_an_alarm(self, ledger: Ledger) -> None:
        class Wrong(FakeCall):
            def cost(self) -> dict[str, str]:
                return super().cost() | {"charge": "0.5"}

        ledger.calls = [
            Wrong(number=1, subject=ADA, day=ledger.today, model="gpt-5-mini", units={"input": 10})
        ]
        assert "but the charge is 0.5 USD: run an audit" in words(opened(call="call1"))


class TestFailures:
    def test_a_missing_setting_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("API_URL", raising=False)
        app = opened()
        assert not app.exception
        assert "API_URL is not set" in words(app)

    def test_an_api_that_is_down_is_named_with_its_url(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_URL", "http://127.0.0.1:9")
        app = opened()
        assert not app.exception
        assert "The API does not answer" in words(app)
        assert "http://127.0.0.1:9" in words(app)

    def test_trying_again_shows_the_page_once_the_api_is_back(
        self, api_url: str, ledger: Ledger
    ) -> None:
        ledger.broken = True
        app = opened()
        assert "The API could not answer" in words(app)
        assert "table ledger: timed out" in words(app)
        ledger.broken = False
        app.button(key="try_again").click().run()
        assert "Calls" in cards(app)
