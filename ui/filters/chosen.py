"""The model and the cost centre that a page is narrowed to, whether its groups are all shown, and
the way out of both.
"""

from collections.abc import Mapping

import streamlit as st

from ui import address, chosen_values
from ui.address import Parameter
from ui.api.client import Group, Only
from ui.figures.group_names import NAMELESS, OTHERS, value_of
from ui.format import escape

FILTERS: Mapping[Group, Parameter] = {
    "model": Parameter.MODEL,
    "cost_centre": Parameter.COST_CENTRE,
}
"""Groups that a page can be narrowed to."""
ALL_GROUPS = "all"
"""In the address: the list has a row for each group, and no "Others"."""


def chosen() -> Only:
    """What the address asks for."""
    centre = address.read(Parameter.COST_CENTRE)
    return Only(
        model=address.read(Parameter.MODEL),
        cost_centre=None if centre is None else value_of(centre, "cost_centre"),
    )


def narrowed(by: Group, name: str) -> dict[Parameter, str] | None:
    """The address of the overview narrowed to a group; None where the API cannot do that.

    "Others" leads to the list of all groups, and nowhere if that is shown.
    """
    if name == OTHERS:
        return None if all_groups() else address.all_with(Parameter.GROUPS, ALL_GROUPS)
    if by not in FILTERS or (by == "model" and name == NAMELESS["model"]):
        return None
    others = {each: address.for_link(each) for each in FILTERS.values()}
    kept = {each: value for each, value in others.items() if value}
    # A model is never asked for by "no model", so the address has its own name.
    wanted = value_of(name, by) if by == "model" else name
    return {**address.kept_range(), **kept, FILTERS[by]: wanted}


def all_groups() -> bool:
    """Whether the address asks for the list of all groups."""
    return address.read(Parameter.GROUPS) == ALL_GROUPS


def unknown_groups() -> str | None:
    """What the address says of groups and nobody understands."""
    named = address.read(Parameter.GROUPS)
    return None if named == ALL_GROUPS else named


def show_way_to_few() -> None:
    """The way back from the list of all groups."""
    if all_groups():
        st.button(
            "Show the dearest alone",
            icon=":material/unfold_less:",
            key="few_groups",
            on_click=chosen_values.change,
            args=({Parameter.GROUPS: None},),
        )


def words_of(only: Only) -> list[str]:
    """What a page is narrowed to, for the title of a chart."""
    centre = only.cost_centre
    found = [f"model {only.model}"] if only.model else []
    if centre is not None:
        found.append(f"cost centre {centre}" if centre else NAMELESS["cost_centre"])
    return found


def show_chosen() -> None:
    """One button for each filter, which takes it away."""
    only = chosen()
    shown = {}
    if only.model:
        shown[Parameter.MODEL] = f"model {escape(only.model)}"
    if only.cost_centre is not None:
        named = f"cost centre {escape(only.cost_centre)}"
        shown[Parameter.COST_CENTRE] = named if only.cost_centre else "without a cost centre"
    if not shown:
        return
    with st.container(horizontal=True, width="content"):
        for parameter, words in shown.items():
            st.button(
                f"Only {words}",
                icon=":material/close:",
                help="Show everything again",
                key=f"only_{parameter}",
                on_click=chosen_values.change,
                args=({parameter: None, Parameter.AFTER: None},),
            )
