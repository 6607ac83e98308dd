"""What does a call cost? The engine's answer for a model and some tokens, layer by layer."""

from collections.abc import Mapping

import streamlit as st

from ui.address import Parameter, read
from ui.api.connection import api
from ui.api.errors import ApiRefused
from ui.api.price_answers import Prices
from ui.api.rating import Question, Rated, RatedCall, rate
from ui.figures.offers import Offer, question_of, sold_by
from ui.figures.sellers import Sold, first_of, sellers_words
from ui.format import counted, escape, exact_amount, unit
from ui.page_parts.price.offer_chooser import choose_offer, offer_words
from ui.parts.choosers import choose_count, pick
from ui.parts.tables import count_column, exact_column, plain_table, text_column

TOKENS_MAX = 10_000_000
STEP = 100
COUNTS = (
    ("Prompt tokens", Parameter.PROMPT, 1000),
    ("of them cached", Parameter.CACHED, 0),
    ("Output tokens", Parameter.OUTPUT, 500),
)
"""Label, parameter and default."""
LAYERS = (("list", "at list price"), ("contracted", "after discounts"), ("charge", "charged"))


def show_calculator(names: Mapping[str, Sold], answer: Prices) -> str:
    """What is called and how, and one sentence; returns the chosen one of the `names`."""

    def why(named: str) -> str:
        return sellers_words(named, names) or f"{named} has no price in the book in use"

    st.header("What does a call cost?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick(
            "Model",
            Parameter.MODEL,
            options={name: name for name in names},
            why=why,
            default=first_of(read(Parameter.MODEL), names),
        )
        prompt, cached, output = (
            choose_count(label, parameter, default=default, most=TOKENS_MAX, step=STEP)
            for label, parameter, default in COUNTS
        )
    provider, model = names[name]
    offer = choose_offer(model, sold_by(provider, model, answer.data), answer.zones)
    if cached > prompt:
        st.warning(
            f"{cached:,} cached tokens of {prompt:,} prompt tokens: cached ones are a part of the "
            "prompt, so there cannot be more of them."
        )
        return name
    try:
        rated = rate(api(), [question(offer, prompt=prompt, cached=cached, output=output)])
    except ApiRefused as error:
        if error.kind != "invalid-parameter":
            raise
        st.warning(escape(str(error)), icon=":material/help:")
        return name
    show_answer(rated, tokens=prompt + output)
    st.caption(f"{escape(name)}: {offer_words(offer)}.")
    return name


def question(offer: Offer, *, prompt: int, cached: int, output: int) -> Question:
    """The usage object that a chat model would send."""
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return question_of(offer, usage)


def show_answer(answer: Rated, *, tokens: int) -> None:
    (call,) = answer.data
    if call.total is None:
        st.info(
            f"**No price for it:** {escape(call.reason or call.state)}.", icon=":material/sell:"
        )
        return
    said = (
        f"by your contract: {escape(layers_text(call))}"
        if answer.prices == "contract"
        else "at list price; what you are charged may differ"
    )
    cost = exact_amount(call.total, call.currency)
    st.markdown(f"**{cost}** for {counted(tokens, 'token')}, {said}.")
    with st.expander("Line by line"):
        of = f"({call.layers['list'].currency})"
        columns = {
            "Unit": text_column([unit(line.unit) for line in call.lines]),
            "Quantity": count_column([line.quantity for line in call.lines]),
            f"Price of one {of}": exact_column([line.unit_price for line in call.lines]),
            f"At list price {of}": exact_column([line.list for line in call.lines]),
        }
        if answer.prices == "contract":
            columns[f"Charge {of}"] = exact_column([line.charge for line in call.lines])
        plain_table("lines", columns, alt="Lines of the price")
        st.caption(f"Rules: {escape(', '.join(call.rules))}")


def layers_text(call: RatedCall) -> str:
    """The amount in each layer; layers that change nothing are said once."""
    amounts = [
        (words, exact_amount(layer.amount, layer.currency))
        for name, words in LAYERS
        if (layer := call.layers[name]).amount is not None
    ]
    said = ", ".join(f"{amount} {words}" for words, amount in amounts)
    if len({amount for _, amount in amounts}) == 1:
        said = "no discount and no surcharge"
    charge = call.layers["charge"]
    if charge.amount is None or charge.currency == call.currency:
        return said
    return f"{said}, {exact_amount(charge.amount, charge.currency)} converted to {call.currency}"
