"""Query parameters of the endpoints about invoices."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from table_api.http_api.conventions.queries import Month


class DocumentKind(StrEnum):
    """What is listed."""

    INVOICE = "invoice"
    STATEMENT = "statement"


class InvoicesQuery(BaseModel):
    """The list of documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    month: Month | None = Field(
        None,
        examples=["2026-10"],
        description="Only this closed month; the newest ones by default.",
    )
    kind: DocumentKind = Field(
        DocumentKind.INVOICE,
        examples=["statement"],
        description="`invoice`, or `statement`: those of the newest month when none is named.",
    )


class PreviewQuery(BaseModel):
    """A month that is not closed yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    month: Month | None = Field(
        None,
        examples=["2026-11"],
        description="An open month; the oldest one by default.",
    )


class FileQuery(BaseModel):
    """One file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: bool = Field(
        False, description="Rendered now, with display names next to subjects.", examples=[True]
    )
