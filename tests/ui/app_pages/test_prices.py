"""The page of prices over the real API: sources, ages, and a warning of old ones."""

from datetime import date
from pathlib import Path

import pytest
import streamlit as st
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from pricing_rules.engine.rating import rate
from pricing_rules.types import PricedCall
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import book as demo_book
from tests.paths import ROOT
from tests.pricing_rules.books import ALIAS, base_rule, compile_text, modifier
from tests.ui.lists import lists
from tests.ui.opening import opened, said
from tests.ui.stand import ADA, UNPRICED, InventedCall, Stand
from ui.format import counted, exact_amount
from ui.page_parts.price import history

APP = ROOT / "ui/streamlit_app.py"
PAGE = "app_pages/prices.py"
RUN_TIMEOUT_S = 30
TIERS = """
[[rule.tier]]
up_to_prompt_tokens = 272000
rates = { input = "2", output = "8", web_search = "10" }
[[rule.tier]]
rates = { input = "4", output = "12" }
"""


def prices() -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    return app.run().switch_page(PAGE).run()


def test_before_a_consumer_ran_the_page_says_who_brings_the_prices(stand: Stand) -> None:
    app = prices()
    assert not app.exception
    assert "No metering consumer has started yet" in app.info[0].value


def test_each_price_has_its_source_and_its_age_and_old_ones_are_warned_of(
    stand: Stand, tmp_path: Path
) -> None:
    unused = base_rule("base.other").replace('model = "m"', 'model = "other"')
    book = compile_text(tmp_path, base_rule(rates=TIERS), unused, ALIAS)
    stand.publish_prices(book, age_days_max=1)
    st.cache_data.clear()
    app = prices()
    assert not app.exception
    assert "1 price in use, checked more than 1 day ago" in app.warning[0].value
    assert book.version[:12] in app.caption[0].value
    used, others = (table for table in lists(app) if "Deployments" in table)
    assert list(used["Model"]) == ["m", "m"]
    assert list(used["For"]) == ["up to 272,000 prompt tokens", "larger prompts"]
    assert [str(cell) for cell in used["Input (USD)"]] == ["2", "4"]
    assert used["Other units"][0] == "web_search 10"
    assert list(used["Source"]) == ["report", "report"]
    assert all(str(cell).endswith(" (old)") for cell in used["Checked"])
    assert list(used["Deployments"]) == ["dep", "dep"]
    assert list(others["Model"]) == ["other"]


def test_prices_within_the_bound_are_not_warned_of(stand: Stand, tmp_path: Path) -> None:
    stand.publish_prices(compile_text(tmp_path, base_rule(), ALIAS), age_days_max=10_000)
    st.cache_data.clear()
    app = prices()
    assert not app.exception
    assert not app.warning


def test_a_book_whose_prices_hold_later_has_no_calculator(stand: Stand, tmp_path: Path) -> None:
    later = base_rule(valid_from="2100-01-01T00:00:00Z")
    stand.publish_prices(compile_text(tmp_path, later, ALIAS), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices")
    assert not app.exception
    assert not app.error
    assert "No model has a price today in this book" in said(app)
    assert "What does a call cost?" not in said(app)


def test_a_call_is_priced_by_the_engine_with_its_layers(stand: Stand) -> None:
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices", model="gpt-5-mini")
    assert not app.exception
    assert "**0.00125 USD** for 1,500 tokens" in said(app)
    app.number_input[1].set_value(400).run()
    assert "**0.00116 USD** for 1,500 tokens" in said(app)
    app.number_input[1].set_value(4000).run()
    assert "there cannot be more of them" in said(app)


def test_the_calculator_offers_what_the_book_has_and_answers_as_the_engine(stand: Stand) -> None:
    """Each price of a model that several things set is reached, and is that of its own rule."""
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    answer = stand.client.prices()
    of_model = [price for price in answer.data if price.model == "gpt-4.1"]
    assert len(of_model) > 5
    for price in of_model:
        first = [answer.zones[zone][0] for zone in price.matches.get("zone", [])]
        region = [*price.matches.get("region", []), *first, "any"][0]
        chosen = {
            "type": price.matches["deployment"][0],
            "tier": price.matches["service_tier"][0],
            "region": region,
        }
        app = opened("prices", model="gpt-4.1", cached="0", **chosen)
        assert not app.exception
        assert "is shown instead" not in said(app)
        rates = price.tiers[0].per_million
        cost = (rates["input"] * 1000 + rates["output"] * 500) / 1_000_000
        assert f"**{exact_amount(cost, price.currency)}** for 1,500 tokens" in said(app)
        assert f"Rules: {price.rule}" in said(app)


def test_without_a_choice_the_calculator_takes_what_metering_would(
    stand: Stand, tmp_path: Path
) -> None:
    """The book's only deployment of the model is in a data zone, where a token costs more."""
    dear = 'rates = { input = "3", output = "9" }'
    zone = base_rule("base.zone", rates=dear, match=', deployment = ["DataZoneStandard"]')
    everywhere = base_rule(match=', deployment = ["GlobalStandard"]')
    alias = ALIAS.replace("GlobalStandard", "DataZoneStandard")
    stand.publish_prices(compile_text(tmp_path, everywhere, zone, alias), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices", model="m")
    assert not app.exception
    (chooser,) = (box for box in app.selectbox if box.label == "Deployment type")
    assert (chooser.options, chooser.value) == (
        ["Data Zone Standard", "Global Standard"],
        "DataZoneStandard",
    )
    assert "**0.0075 USD** for 1,500 tokens" in said(app)
    assert "m: Data Zone Standard, default tier." in said(app)


def test_another_model_drops_what_was_chosen_of_the_one_before(stand: Stand) -> None:
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices", model="gpt-4.1", type="Standard", region="eastus2")
    (chooser,) = (box for box in app.selectbox if box.label == "Model")
    chooser.set_value("gpt-5-nano").run()
    assert not app.exception
    assert dict(app.query_params) == {"model": "gpt-5-nano"}
    assert "is shown instead" not in said(app)


def test_the_tokens_of_the_calculator_are_in_the_address(stand: Stand) -> None:
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices", model="gpt-5-mini", prompt="2000", cached="0", output="1000")
    assert "for 3,000 tokens" in said(app)
    app.number_input[0].set_value(3000).run()
    assert "for 4,000 tokens" in said(app)
    assert app.query_params["prompt"] == "3000"
    for unreadable in ("-1", "many", "10000001"):
        text = said(opened("prices", model="gpt-5-mini", prompt=unreadable))
        assert "expected a number from 0 to" in text
        assert "1,000 is shown instead" in text
        assert "**0.00125 USD** for 1,500 tokens" in text, "it answers all the same"


def test_a_link_to_a_model_without_a_price_says_that_it_has_none(stand: Stand) -> None:
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    sentence = "**lab-model-x has no price in the book in use**: gpt-4.1 is shown instead."
    assert sentence in said(opened("prices", model="lab-model-x"))
    assert "has no price" not in said(opened("prices", model="gpt-5-mini"))
    assert "has no price" not in said(opened("prices"))


def test_models_without_a_price_lead_to_the_lines_to_add(stand: Stand, today: date) -> None:
    unpriced = InventedCall(number=8000, subject=ADA, day=today, deployment=UNPRICED, input=1000)
    stand.post([unpriced])  # also on the first day of a month
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices")
    assert "lab-model-x" in said(app)
    assert "in no total" in said(app)
    app.button(key="lines-lab-model-x").click().run()
    assert not app.exception


class Heard(InventedCall):
    """A call with a unit that its model has no price for."""

    @property
    def priced(self) -> PricedCall:
        event = replace(super().priced.event, usage=make_usage(input=self.input, input_audio=5))
        return rate(event, demo_book())


def test_tokens_that_have_a_price_are_not_called_unpriced(
    stand: Stand, calls: list[InventedCall], today: date
) -> None:
    """Of the calls of one day and model, only the last has no price."""
    model = "gpt-4.1"
    mine = [call for call in calls if call.deployment == model and call.has_usage]
    mine.append(Heard(number=1000, subject=ADA, day=today, deployment=model, input=1000))
    stand.post(mine[-1:])
    stand.publish_prices(demo_book(), age_days_max=10_000)
    st.cache_data.clear()
    month = [call for call in mine if call.day >= today.replace(day=1)]
    used = sum(call.tokens for call in month) + 5
    text = f"**{model}**: 1 of {counted(len(month), 'call')} of this month, in no total"
    assert f"{text} ({used:,} tokens in all its calls)." in said(opened("prices"))


def test_a_scheduled_price_is_announced_and_listed(stand: Stand, tmp_path: Path) -> None:
    later = "2031-01-01T00:00:00Z"
    book = compile_text(
        tmp_path,
        base_rule("base.now", more=f"valid_to = {later}"),
        base_rule("base.later").replace("2026-01-01T00:00:00Z", later),
        ALIAS,
    )
    stand.publish_prices(book, age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices", model="m")
    assert not app.exception
    assert "**m changes on 1 Jan 2031**" in said(app)
    history = next(table for table in lists(app) if "State" in table)
    assert list(history["State"]) == ["scheduled", "now"]


def test_a_history_that_is_cut_keeps_its_order(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "SHOWN_MAX", 1)
    later = "2031-01-01T00:00:00Z"
    book = compile_text(
        tmp_path,
        base_rule("base.now", more=f"valid_to = {later}"),
        base_rule("base.later").replace("2026-01-01T00:00:00Z", later),
        ALIAS,
    )
    stand.publish_prices(book, age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices", model="m", order="price history by State, ascending")
    assert not app.exception
    assert "The newest 1 of 2 prices." in said(app)
    assert "price history cannot be sorted by State, ascending: it is not shown" in said(app)


def test_discounts_and_mark_ups_are_read_as_words(stand: Stand, tmp_path: Path) -> None:
    charge, contracted = 'layer = "charge"', 'layer = "contracted"'
    amount = 'currency = "USD"\namount = "0.000001"\nscope = "call"'
    rates = f'{contracted}\ncurrency = "USD"\nunit = "1M"\nrates = {{ cache_read = "0.4" }}'
    book = compile_text(
        tmp_path,
        base_rule(),
        modifier(
            "own.deal", "multiply", f'{contracted}\nfactor = "0.88"', match='provider = "azure"'
        ),
        modifier("own.fixed", "fixed", f"{rates}\norder = 200"),
        modifier("own.markup", "multiply", f'{charge}\nfactor = "1.035"'),
        modifier("own.minimum", "minimum", f"{amount}\norder = 200"),
        modifier("own.free", "zero", f'{charge}\nnote = "a trial"\norder = 300'),
        ALIAS,
    )
    stand.publish_prices(book, age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices")
    assert not app.exception
    table = next(table for table in lists(app) if "Step" in table)
    assert table["What"] == [
        "12 % discount",
        "fixed: cache read at 0.4 USD per million",
        "3.5 % mark-up",
        "at least 0.000001 USD per call",
        "free: a trial",
    ]
    assert table["For"] == ["provider azure", *["every call"] * 4]
    assert table["Step"][0] == "list price → agreed price"


def test_a_book_without_discounts_says_so(stand: Stand, tmp_path: Path) -> None:
    stand.publish_prices(compile_text(tmp_path, base_rule(), ALIAS), age_days_max=10_000)
    st.cache_data.clear()
    assert "There is none: what is charged is the list price." in said(opened("prices"))


def test_discounts_that_nobody_can_read_are_not_called_none(stand: Stand, tmp_path: Path) -> None:
    book = compile_text(tmp_path, base_rule(), ALIAS)
    stand.publish_prices(book, age_days_max=10_000)
    stand.books.blobs[f"{book.version}.json"] = b"{}"
    st.cache_data.clear()
    found = said(opened("prices"))
    assert "The archived price book is not what was written" in found
    assert "There is none" not in found
