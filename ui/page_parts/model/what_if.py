"""What the same calls would cost on another model: which calls, bought how, and the answer."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import streamlit as st

from ui.address import Parameter, read
from ui.api.connection import api
from ui.api.errors import ApiRefused
from ui.api.found_calls import FoundCall, calls_of_days
from ui.api.price_answers import Price, Prices
from ui.api.rating import rate_all
from ui.figures.offers import Offer, deployed_offer, sold_by
from ui.figures.sellers import Sold, by_name, first_of, sellers_words
from ui.format import amount, counted, days, escape
from ui.page_parts.model.model_figures import WhatIf, questions_of, what_if
from ui.page_parts.price.offer_chooser import choose_offer, offer_words
from ui.parts.choosers import pick

RATED_MAX = 5_000
"""Calls of one what-if: 1.2 s of CPU to read them, 2.2 s to rate each on both models."""
TEXT_UNITS = {"input", "output"}
NEWEST_DAY, ALL_DAYS = "newest day", "all days"
KINDS = (NEWEST_DAY, ALL_DAYS)
TOO_MUCH = "too-much"
"""How the API names a question that is too big."""


def show_what_if(model: str, calls: Mapping[date, int], *, currency: str) -> None:
    """The engine rates the recorded tokens of the same calls on their own and another model.

    `calls` says how many calls each day of the page's range has.
    """
    prices = api().prices()
    others = by_name(text_models(prices.data, but=model))
    if not others:
        st.info(
            "No other model of the price book has a deployment: name one in the book to compare.",
            icon=":material/sell:",
        )
        return

    def why(named: str) -> str:
        none = f"{named} is none of the other models with a deployment and a price"
        return sellers_words(named, others) or none

    answer = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = choose_calls(calls)
        instead = pick(
            "Another model",
            Parameter.INSTEAD,
            options={name: name for name in others},
            why=why,
            default=first_of(read(Parameter.INSTEAD), others),
        )
    provider, other = others[instead]
    offer = choose_offer(other, sold_by(provider, other, prices.data), prices.zones)
    try:
        found = calls_of_days(api(), chosen, model=model, most=RATED_MAX)
    except ApiRefused as error:
        if error.kind != TOO_MUCH:
            raise
        st.info(
            "A day has more calls than the API reads at once: choose another day.",
            icon=":material/compare_arrows:",
        )
        return
    with answer:
        show_rated(model, found, offer, prices, name=instead, currency=currency)
        show_scope(len(found), sum(chosen.values()))


def choose_calls(calls: Mapping[date, int]) -> Mapping[date, int]:
    """Days with calls and how many: the newest one, until somebody chooses another one or all."""
    with_calls = {day: count for day, count in sorted(calls.items(), reverse=True) if count}
    newest = next(iter(with_calls))
    options: dict[str, Mapping[date, int]] = {
        NEWEST_DAY: {newest: with_calls[newest]},
        ALL_DAYS: with_calls,
        **{day.isoformat(): {day: count} for day, count in with_calls.items()},
    }

    def words(name: str) -> str:
        shown = options[name]
        of = counted(sum(shown.values()), "call")
        named = days(min(shown), max(shown))
        return f"{name.capitalize()}, {named}: {of}" if name in KINDS else f"{named}: {of}"

    return pick("Calls of", Parameter.CALLS, options=options, words=words)


def show_rated(
    model: str,
    calls: Sequence[FoundCall],
    instead: Offer,
    prices: Prices,
    *,
    name: str,
    currency: str,
) -> None:
    """Both sums in one sentence, and how each side was priced; `name` is that of the other one."""

    @cache
    def own_of(deployment: str | None) -> Offer:
        return deployed_offer(deployment, model, prices.data, prices.zones)

    asked = questions_of(calls, lambda call: own_of(call.deployment), instead)
    if not asked:
        st.info(
            "None of these calls can be priced on another model: they have no cost, or audio, "
            "images or tools that it may not have.",
            icon=":material/compare_arrows:",
        )
        return
    found = what_if(len(calls), asked, rate_all(api(), asked))
    st.markdown(outcome(found, name, of=days_of(calls), currency=currency))
    own = sorted({offer_words(own_of(call.deployment)) for call in calls})
    st.caption(
        f"{escape(name)}: {offer_words(instead)}. {escape(model)}: {' or '.join(own)}. "
        "Their recorded tokens on both models, at list price, by the price book in use. What they "
        "were charged may differ: by another book or service tier, and by discounts. Another model "
        "may need more or fewer tokens for the same work."
    )


def show_scope(rated: int, total: int) -> None:
    """Which part of the calls it was, where it was not all of them."""
    if rated < total:
        st.caption(
            f":material/warning: The newest {rated:,} of {counted(total, 'call')} of these days. "
            "The others are in neither sum: nothing is scaled up."
        )


def text_models(prices: Sequence[Price], *, but: str) -> list[Sold]:
    """Models with a price for text that some deployment may have, from A to Z, and who sells each;
    several may sell one.
    """
    return sorted(
        (
            (price.provider, price.model)
            for price in prices
            if price.model and price.deployments and price.model != but
            if any(tier.per_million.keys() >= TEXT_UNITS for tier in price.tiers)
        ),
        key=lambda sold: sold[::-1],
    )


def days_of(calls: Sequence[FoundCall]) -> str:
    """From the first day with a call to the last one, in words."""
    return days(min(call.day for call in calls), max(call.day for call in calls))


def outcome(found: WhatIf, instead: str, *, of: str, currency: str) -> str:
    """The what-if in one sentence, as Markdown; `of` is the days of the calls."""
    if not found.calls:
        model, reason = found.unpriced or instead, found.reason or "unknown"
        return f"**{escape(model)} has no price for them:** {escape(reason)}."
    calls = f"{counted(found.calls, 'call')} of {of} on {escape(instead)}"
    difference = found.instead - found.own
    new, old = amount(found.instead, currency), amount(found.own, currency)
    if not difference:
        said = f"**{new}, the same** for {calls}."
    else:
        word = "more" if difference > 0 else "less"
        by = amount(abs(difference), currency)
        said = f"**{new} instead of {old}**: {by} {word} for {calls}."
    left = counted(found.left_out, "call")
    return f"{said} {left} left out, at no cost or without two prices." if found.left_out else said
