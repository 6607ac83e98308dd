"""The buttons under a table that give it as a file."""

from collections.abc import Mapping

import streamlit as st

from ui.address import Parameter, read
from ui.api.usage_answers import Head
from ui.export.files import Sheet, about, csv_file, xlsx_file
from ui.parts.tables import Column
from ui.period import Period

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NARROWING = (
    Parameter.MODEL,
    Parameter.COST_CENTRE,
    Parameter.SEARCH,
    Parameter.SUBJECT,
    Parameter.SESSION,
    Parameter.RUN,
    Parameter.INVOICE,
)
SEVERAL_CURRENCIES = "see column Currency"


def show_exports(name: str, columns: Mapping[str, Column], head: Head) -> None:
    """CSV and XLSX of the rows on screen; the answer says their days, zone and currency."""
    show_files(name, columns, period=head.period, zone=head.zone, currency=head.currency)


def show_files(
    name: str, columns: Mapping[str, Column], *, period: Period, zone: str, currency: str
) -> None:
    """The same of a list whose answer does not say these; each file is made when asked for."""
    narrowed = [f"{each} = {value}" for each in NARROWING if (value := read(each))]
    shown = ", ".join(narrowed) or "everything"
    sheet = Sheet(
        name=name,
        columns={title: column.cells for title, column in columns.items()},
        about=about(period, zone=zone, currency=currency, shown=shown),
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
