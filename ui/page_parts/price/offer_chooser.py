"""How a model is bought: choosers of what the price book has for it, and the choice in words."""

import re
from collections.abc import Mapping, Sequence

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.price_answers import Price
from ui.figures.offers import (
    ANY,
    Dimension,
    Offer,
    Zones,
    narrowed,
    offer_of,
    options_of,
)
from ui.format import escape
from ui.parts.choosers import pick

ANY_NAME = "any"
"""In the address, where an empty value would say nothing."""
CHOOSERS: Mapping[Dimension, tuple[str, Parameter]] = {
    Dimension.VERSION: ("Version", Parameter.VERSION),
    Dimension.TYPE: ("Deployment type", Parameter.TYPE),
    Dimension.TIER: ("Service tier", Parameter.TIER),
    Dimension.REGION: ("Region", Parameter.REGION),
}


def choose_offer(model: str, prices: Sequence[Price], zones: Zones) -> Offer:
    """A chooser for each thing that the model's prices differ in, in one line.

    `prices` are of the model alone. Without a choice it is what metering would take.
    """
    left, chosen = list(prices), dict[Dimension, str]()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for dimension, (label, parameter) in CHOOSERS.items():
            options = options_of(left, dimension, zones)
            if not options:
                continue
            value = options[0]
            if len(options) > 1 or address.read(parameter) is not None:
                names = {each or ANY_NAME: each for each in options}
                value = pick(label, parameter, options=names, words=spaced)
            chosen[dimension] = value
            left = narrowed(left, dimension, value, zones)
    return offer_of(model, prices, chosen)


def spaced(name: str) -> str:
    """GlobalStandard → "Global Standard"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def offer_words(offer: Offer) -> str:
    """How a model is bought, as Markdown; a tier that is not said is the default one."""
    parts = [
        f"version {offer.version}" if offer.version else ANY,
        spaced(offer.deployment_type or ""),
        f"{offer.service_tier or 'default'} tier",
        f"region {offer.region}" if offer.region else ANY,
    ]
    return escape(", ".join(part for part in parts if part))
