"""The pages as their script runs, without a browser, over the real API."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace as replace_fields
from streamlit.testing.v1 import AppTest

from tests.paths import ROOT
from tests.ui.lists import lists, open_row
from tests.ui.stand import (
    ADA,
    BOB,
    KEY,
    UNPRICED,
    InventedCall,
    Stand,
    charge_of,
)
from ui.api.client import SUBJECTS_PAGE_ROWS
from ui.api.usage_answers import CallDetail
from ui.format import JOINER, amount, exact_number
from ui.period import Period, month_of

APP = ROOT / "ui/streamlit_app.py"
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


def column(app: AppTest, title: str, *, of: str | None = None) -> list[object]:
    """The cells of the first table that has the column, and `of` as another column."""
    needed = {title, of or title}
    tables = [*lists(app), *(table.value for table in app.dataframe)]
    return list(next(table for table in tables if needed <= set(table))[title])


def amounts(app: AppTest, title: str, *, of: str | None = None) -> list[Decimal]:
    return [Decimal(str(cell)) for cell in column(app, title, of=of)]


def facts(app: AppTest) -> dict[str, str]:
    plain = words(app).replace("`", "")
    rows = [line[2:].partition(": ") for line in plain.splitlines() if line.startswith("- ")]
    return {fact: value for fact, _, value in rows}


def within(calls: Sequence[InventedCall], period: Period) -> list[InventedCall]:
    return [call for call in calls if period.first <= call.day < period.until]


def of_month(calls: Sequence[InventedCall], today: date) -> list[InventedCall]:
    return within(calls, month_of(today))


@pytest.mark.usefixtures("stand")
class TestOverview:
    def test_its_totals_are_those_of_the_month(
        self, calls: list[InventedCall], today: date
    ) -> None:
        expected = of_month(calls, today)
        app = opened()
        assert not app.exception
        assert cards(app)["Charge to date"] == amount(charge_of(expected), "USD")
        assert exact_number(charge_of(expected)) in app.metric[0].help
        assert cards(app)["Calls"] == f"{len(expected):,}"
        cached = sum(call.cache_read for call in expected)
        prompt = cached + sum(call.input for call in expected)
        assert cards(app)["Cached share"] == f"{Decimal(100 * cached) / prompt:.1f} %"
        assert "days of Europe/Berlin" in words(app)
        assert "amounts in USD" in words(app)
        assert "today so far" in words(app)

    def test_unpriced_calls_are_named_with_what_to_do(
        self, stand: Stand, calls: list[InventedCall], today: date
    ) -> None:
        one = InventedCall(number=8000, subject=ADA, day=today, deployment=UNPRICED, input=1000)
        stand.post([one])  # also on the first day of a month
        unpriced = [call for call in of_month([*calls, one], today) if call.deployment == UNPRICED]
        app = opened(range="Custom", first=month_of(today).first.isoformat())
        warning = app.warning[0].value.replace("\\", "")
        assert f"{len(unpriced)} call" in warning
        assert UNPRICED in warning
        assert "call's page shows the lines to add" in warning

    def test_last_month_is_another_sum(self, calls: list[InventedCall], today: date) -> None:
        last = month_of(month_of(today).first - timedelta(days=1))
        app = opened(range="Last month")
        assert cards(app)["Calls"] == f"{len(within(calls, last)):,}"
        assert cards(app)["Charge"] == amount(charge_of(within(calls, last)), "USD")
        assert "so far" not in words(app)

    def test_a_custom_range_includes_its_last_day(
        self, calls: list[InventedCall], today: date
    ) -> None:
        app = opened(range="Custom", first=today.isoformat(), last=today.isoformat())
        assert cards(app)["Calls"] == str(len([call for call in calls if call.day == today]))

    def test_subjects_are_listed_dearest_first_with_their_names(
        self, calls: list[InventedCall], today: date
    ) -> None:
        app = opened(range="30 days")
        charges = amounts(app, "Charge (USD)", of="Name")
        assert charges == sorted(charges, reverse=True)
        assert {"Ada Lovelace", "Bob Berg", KEY} <= set(column(app, "Name"))
        since = today - timedelta(days=29)
        own = [call for call in calls if call.subject == ADA and call.day >= since]
        row = column(app, "Name").index("Ada Lovelace")
        assert column(app, "Tokens")[row] == sum(call.tokens for call in own)
        assert charges[row] == charge_of(own)

    def test_subjects_are_sorted_and_searched_by_the_api(self) -> None:
        assert column(opened(sort="Subject", range="30 days"), "Name")[0] == "Ada Lovelace"
        assert column(opened(q="berg", range="30 days"), "Name") == ["Bob Berg"]
        assert "Nobody has calls that match" in words(opened(q="nobody"))

    def test_a_chosen_row_opens_that_subject_in_the_same_range(self) -> None:
        app = opened(range="Last month", sort="Subject")
        app = open_row(app, "People", BOB)
        assert in_address(app, "subject") == BOB
        assert in_address(app, "range") == "Last month"
        assert "sort" not in app.query_params
        assert app.title[0].value == "Bob Berg"

    def test_a_late_choice_in_a_list_that_changed_opens_nothing(self) -> None:
        app = opened(sort="Subject")
        app = open_row(app, "People", "app:gone")
        assert app.title[0].value == "Overview"
        assert "subject" not in app.query_params


class TestMetering:
    def test_an_audit_that_never_ran_is_said_so(self, stand: Stand) -> None:
        assert "Audit: not run yet" in words(opened())

    @pytest.mark.parametrize(
        ("problems", "said"), [([], "Audit passed"), (["cell 7 is 3 off"], "Audit failed")]
    )
    def test_an_audit_is_green_or_red(self, stand: Stand, problems: list[str], said: str) -> None:
        stand.save_audit(problems)
        shown = words(opened())
        assert said in shown
        assert all(problem in shown for problem in problems)

    def test_dead_letters_and_calls_that_wait_now_are_counted(self, stand: Stand) -> None:
        stand.add_dead_letter()
        shown = words(opened())
        assert "1 dead letter open" in shown
        assert "12 calls waiting for tokens" in shown

    def test_dead_letters_of_the_gateways_log_are_counted_too(self, stand: Stand) -> None:
        stand.add_dead_letter()
        stand.add_dead_letter("apim-diagnostics")
        assert "2 dead letters open" in words(opened())

    def test_calls_that_pairing_has_read_wait_no_more(self, stand: Stand) -> None:
        stand.pair_all()
        assert "0 calls waiting for tokens" in words(opened())

    def test_calls_without_usage_are_told_apart(self, empty_stand: Stand, today: date) -> None:
        call = InventedCall(number=1, subject=ADA, day=today, deployment="gpt-4.1", input=1)
        empty_stand.post([replace(call, has_usage=False)])
        app = opened()
        assert cards(app)["Charge to date"] == "usage unknown"
        assert "1 call without usage, not in the charge" in words(app)

    def test_a_failed_call_without_usage_is_said_to_have_failed(
        self, empty_stand: Stand, today: date
    ) -> None:
        call = InventedCall(number=1, subject=ADA, day=today, deployment="gpt-4.1", input=1)
        empty_stand.post([replace(call, has_usage=False, status=500)])
        app = opened()
        assert cards(app)["Charge to date"] == "nothing charged"
        assert "1 call failed, nothing is charged" in words(app)
        assert "without usage" not in words(app)


class TestEmpty:
    def test_a_ledger_without_calls_says_how_to_get_one(self, empty_stand: Stand) -> None:
        app = opened()
        assert "Send one through the gateway" in words(app)
        assert not app.metric

    def test_a_range_without_calls_leads_to_the_newest_one(
        self, empty_stand: Stand, calls: list[InventedCall], today: date
    ) -> None:
        old = [call for call in calls if call.day < month_of(today).first]
        empty_stand.post(old)
        app = opened()
        assert "No calls in this range. The newest event is of" in words(app)
        app.button(key="show_newest").click().run()
        month = month_of(old[-1].day)
        assert in_address(app, "first") == month.first.isoformat()
        assert cards(app)["Calls"] == f"{len(within(old, month)):,}"

    def test_calls_that_all_lack_a_price_are_not_shown_as_free(
        self, empty_stand: Stand, calls: list[InventedCall], today: date
    ) -> None:
        empty_stand.post([replace(calls[-1], deployment=UNPRICED)])
        app = opened()
        assert cards(app)["Charge to date"] == "not priced yet"
        assert column(app, "Charge (USD)", of="Name") == [None]


class TestPaging:
    def test_subjects_beyond_one_page_are_a_page_away(
        self, empty_stand: Stand, today: date
    ) -> None:
        call = InventedCall(number=0, subject="", day=today, deployment="gpt-4.1", input=1000)
        count = SUBJECTS_PAGE_ROWS + 3
        empty_stand.post([replace(call, number=n, subject=f"app:{n:03}") for n in range(count)])
        app = opened(sort="Subject")
        assert len(column(app, "Name")) == SUBJECTS_PAGE_ROWS
        app.button(key="next_page").click().run()
        assert column(app, "Name") == ["app:050", "app:051", "app:052"]
        shared = opened(sort="Subject", after=in_address(app, "after"))
        assert column(shared, "Name") == ["app:050", "app:051", "app:052"]
        app.button(key="first_page").click().run()
        assert len(column(app, "Name")) == SUBJECTS_PAGE_ROWS


@pytest.mark.usefixtures("stand")
class TestSubject:
    def test_its_days_add_up_to_its_total(self, calls: list[InventedCall], today: date) -> None:
        own = [call for call in of_month(calls, today) if call.subject == ADA]
        app = opened(subject=ADA)
        assert app.title[0].value == "Ada Lovelace"
        charges = [cell for cell in column(app, "Charge (USD)", of="Day") if cell is not None]
        assert sum(Decimal(str(cell)) for cell in charges) == charge_of(own)

    def test_a_subject_without_a_name_is_shown_by_its_id(self) -> None:
        app = opened(subject=KEY)
        assert app.title[0].value.replace("\\", "").replace(JOINER, "") == KEY

    def test_a_chosen_day_opens_its_calls(self, calls: list[InventedCall], today: date) -> None:
        own = [call for call in calls if call.subject == ADA]
        last_month = month_of(month_of(today).first - timedelta(days=1))
        days = sorted({call.day for call in within(own, last_month)}, reverse=True)
        ids = [day.isoformat() for day in days]
        app = open_row(opened(subject=ADA, range="Last month"), "Days", ids[1])
        assert in_address(app, "day") == ids[1]
        assert len(column(app, "Time")) == len([call for call in own if call.day == days[1]])

    def test_an_unknown_subject_is_said_to_be_unknown(self) -> None:
        app = opened(subject="app:nobody")
        assert "Not found" in words(app)
        assert "app:nobody" in words(app)


class TestDay:
    def test_an_unpriced_call_has_no_charge_in_the_list(
        self, stand: Stand, calls: list[InventedCall]
    ) -> None:
        call = next(call for call in reversed(calls) if call.deployment == UNPRICED)
        app = opened(subject=call.subject, day=call.day.isoformat())
        row = column(app, "State").index("no price yet")
        assert column(app, "Charge (USD)")[row] is None

    def test_a_chosen_row_opens_that_call(
        self, stand: Stand, calls: list[InventedCall], today: date
    ) -> None:
        own = [call for call in calls if (call.subject, call.day) == (ADA, today)]
        ids = stand.call_ids(ADA, today)
        app = open_row(opened(subject=ADA, day=today.isoformat()), "Calls", ids[2])
        assert in_address(app, "call") == ids[2]
        assert app.code[0].value == own[2].priced.event.id

    def test_a_day_that_is_none_is_refused_by_name(self, stand: Stand) -> None:
        assert "day='someday'" in words(opened(subject=ADA, day="someday"))


class TestCall:
    def test_its_lines_add_up_to_the_exact_charge(
        self, stand: Stand, calls: list[InventedCall], today: date
    ) -> None:
        call = next(call for call in calls if (call.subject, call.day) == (ADA, today))
        charge = charge_of([call])
        app = opened(call=stand.call_ids(ADA, today)[0])
        assert cards(app)["Charge"] == f"{exact_number(charge)} USD"
        assert f"The lines add up to the charge: {exact_number(charge)} USD" in words(app)
        assert sum(amounts(app, "Charge")) == charge
        assert column(app, "Quantity") == [line.quantity for line in call.priced.charges]
        assert facts(app)["Base rule"] == call.priced.base_rule_id
        assert facts(app)["Price book version"] == call.priced.book_version
        assert column(app, "Reason") == ["first recorded"]

    def test_an_unpriced_call_has_the_lines_to_add_ready(
        self, stand: Stand, calls: list[InventedCall]
    ) -> None:
        call = next(call for call in calls if call.deployment == UNPRICED)
        same_day = [c for c in calls if (c.subject, c.day) == (call.subject, call.day)]
        ids = stand.call_ids(call.subject, call.day)
        app = opened(call=ids[same_day.index(call)])
        assert cards(app)["Charge"] == "no price yet"
        assert f"no alias for deployment '{UNPRICED}'" in words(app).lower()
        assert "It has no charge." in words(app)
        assert f'name = "{UNPRICED}"' in app.code[0].value
        assert app.code[0].value.startswith("[[deployment]]")

    def test_lines_that_do_not_add_up_are_an_alarm(self, stand: Stand, today: date) -> None:
        def draw(call: "CallDetail") -> None:
            from ui.usage_views.call import show_explanation  # noqa: PLC0415  # runs by itself

            show_explanation(call.explanation, call)

        true = stand.client.call(stand.call_ids(ADA, today)[0])
        assert true.cost
        false = replace_fields(true, cost=replace_fields(true.cost, charge=Decimal("0.5")))
        app = AppTest.from_function(draw, kwargs={"call": false}).run()
        assert "but the charge is 0.5 USD: run an audit" in words(app)

    def test_a_call_that_is_none_is_said_so(self, stand: Stand) -> None:
        app = opened(call="nothing")
        assert not app.exception
        assert len(app.error) == 1


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

    def test_a_cursor_of_another_list_leaves_the_way_to_the_first_page(self, stand: Stand) -> None:
        app = opened(after="nonsense")
        assert "Calls" in cards(app)
        assert "cursor" in app.error[0].value
        app.button(key="first_page").click().run()
        assert not app.error
        assert column(app, "Name")

    def test_trying_again_shows_the_page_once_the_api_is_back(self, stand: Stand) -> None:
        stand.storage.down = True
        app = opened()
        assert "The API could not answer" in words(app)
        stand.storage.down = False
        app.button(key="try_again_page").click().run()
        assert "Calls" in cards(app)
