"""The buttons under a table that give it as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import streamlit as st

from ui.address import Parameter, read
from ui.api.usage_answers import Head, Page, Subjects
from ui.export.files import Sheet, about, csv_file, xlsx_file
from ui.format import days
from ui.parts.tables import Cell, Column, Shown
from ui.period import Period

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SEVERAL_CURRENCIES = "see column Currency"
NOT_NARROWED = "everything that the reader may see"
SHARE_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Which rows of which list a file has, as far as its days and the address do not say it."""

    of: Mapping[str, str] = field(default_factory=dict)
    """What the list is about, by the parameter of the address that would choose it."""
    narrowed_by: Sequence[Parameter] = ()
    """Parameters of the address that narrow this list: the address may have others too."""
    page: Page | None = None
    """Where the list goes on; None for a whole list."""
    total: int | None = None
    count: int | None = None
    """Rows of the list on this page, where the file has one more that sums up others."""
    rows: str | None = None
    """In words, where the rows are chosen from others."""
    compared: Period | None = None
    """The days that a change is compared with."""
    order: str = ""


WHOLE = Extent()


def show_exports(name: str, shown: Shown, head: Head, *, extent: Extent = WHOLE) -> None:
    """CSV and XLSX of the rows on screen. The answer says their days, zone and currency, whose they
    are, and whether the list goes on.
    """
    subject: str | None = getattr(head, "subject", None)
    known = replace(
        extent,
        of={**extent.of, **({Parameter.SUBJECT.value: subject} if subject else {})},
        page=getattr(head, "page", None),
        total=head.subjects if isinstance(head, Subjects) else None,
    )
    show_files(
        name,
        shown,
        period=head.period,
        zone=head.zone,
        currency=head.currency,
        extent=known,
    )


def show_files(
    name: str,
    shown: Shown,
    *,
    period: Period,
    zone: str,
    currency: str,
    extent: Extent = WHOLE,
) -> None:
    """The same of a list whose answer does not say these; each file is made when asked for."""
    columns, extent = shown.columns, replace(extent, order=shown.order or extent.order)
    about_it = about(period, zone=zone, currency=currency, shown=shown_words(extent))
    count = max((len(column.cells) for column in columns.values()), default=0)
    sheet = Sheet(
        name=f"{name} {page_words(extent)}".strip(),
        columns=dict(exported(title, column) for title, column in columns.items()),
        about={**about_it, **said(extent, count)},
    )
    with st.container(horizontal=True):
        for label, ending, mime, made in (
            ("CSV", "csv", "text/csv", csv_file),
            ("XLSX", "xlsx", XLSX, xlsx_file),
        ):
            st.download_button(
                label,
                data=lambda made=made: made(sheet),  # type: ignore[misc]
                file_name=f"{sheet.file_name}.{ending}",
                mime=mime,
                key=f"export_{name}_{ending}",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                help=f"The rows of this list as {label}, with their days, zone and currency",
            )


def shown_words(extent: Extent) -> str:
    """What a list is narrowed to: by the address, or because the page is about it."""
    named = {str(each): value for each in extent.narrowed_by if (value := read(each))}
    words = {**named, **extent.of}.items()
    return ", ".join(f"{name} = {value}" for name, value in words) or NOT_NARROWED


def page_words(extent: Extent) -> str:
    """What the name of a file adds where it has one page of a list."""
    if extent.page is None:
        return ""
    if read(Parameter.AFTER):
        return "later page"
    return "first page" if extent.page.next_cursor else ""


def said(extent: Extent, count: int) -> dict[str, str]:
    """How many rows of how many, the days that a change is compared with, and the order."""
    of_total = "" if extent.total is None else f" of {extent.total:,}"
    page = page_words(extent)
    count = count if extent.count is None else extent.count
    rows = f"{count:,}{of_total}, {page} of a longer list" if page else f"all {count:,}"
    compared = extent.compared
    found = {
        "Rows": extent.rows or rows,
        "Compared with": days(compared.first, compared.last) if compared else "",
        "Order": extent.order,
    }
    return {name: words for name, words in found.items() if words}


def exported(title: str, column: Column) -> tuple[str, Sequence[Cell]]:
    """Shares are rounded quotients, and their head says that they are in per cent."""
    if not column.is_share:
        return title, column.cells
    cells = [
        round(cell, SHARE_PLACES) if isinstance(cell, Decimal) else cell for cell in column.cells
    ]
    return f"{title} (%)", cells
