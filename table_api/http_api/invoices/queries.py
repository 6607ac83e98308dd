"""Query parameters of the endpoints about invoices."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class DocumentKind(StrEnum):
    """What is listed."""

    INVOICE = "invoice"
    STATEMENT = "statement"


class InvoicesQuery(BaseModel):
    """The list of documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    month: str | None = Field(
        None,
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$",
        description="Only this closed month; the newest ones by default.",
    )
    kind: DocumentKind = Field(
        DocumentKind.INVOICE,
        description="`invoice`, or `statement`: those of the newest month when none is named.",
    )


class PreviewQuery(BaseModel):
    """A month that is not closed yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    month: str | None = Field(
        None,
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$",
        description="An open month; the oldest one by default.",
    )


class FileQuery(BaseModel):
    """One file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: bool = Field(False, description="Rendered now, with display names beside subjects.")
