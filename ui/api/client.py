"""The only way to data: a typed client of the HTTP API. Owns paths, parameters and decoding.

It does not cache and does not know Streamlit; `connection.py` puts a cache around the transport.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import quote

import msgspec

from ui.api.completeness_answers import Completeness
from ui.api.errors import AnswerMalformed
from ui.api.invoice_answers import Invoice, InvoicePreview, Invoices
from ui.api.me_answer import Accesses, Me
from ui.api.price_answers import Prices
from ui.api.rerating_answers import Regroupings, RunDetail, Runs
from ui.api.transport import Parameters, Poster, Transport
from ui.api.usage_answers import (
    CallDetail,
    Calls,
    DeadLetters,
    Health,
    Metering,
    Subjects,
    SubjectUsage,
    Usage,
)
from ui.period import Period

SUBJECTS_PAGE_ROWS = 50
CALLS_PAGE_ROWS = 100
ACCESSES_PAGE_ROWS = 100
MY_CALLS_PAGE_ROWS = 200

Group = Literal["day", "model", "cost_centre", "product", "api"]
SubjectSort = Literal["charge", "change", "calls", "subject"]
DocumentKind = Literal["invoice", "statement"]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which part of everybody's usage is asked for; None takes all."""

    model: str | None = None
    cost_centre: str | None = None
    """Empty for usage without one."""

    @property
    def parameters(self) -> Parameters:
        named = (("model", self.model), ("cost_centre", self.cost_centre))
        return tuple((name, value) for name, value in named if value is not None)


ALL = Only()


class Client:
    """Typed questions to the API; every method raises UiError and nothing else."""

    def __init__(self, transport: Transport, poster: Poster | None = None) -> None:
        self._get = transport
        self._post = poster

    def health(self) -> Health:
        return self._ask(Health, "/healthz")

    def me(self) -> Me:
        """Who asks, and what they may see."""
        return self._ask(Me, "/v1/me")

    def my_usage(self, period: Period, *groups: Group) -> SubjectUsage:
        """The caller's own usage; empty before their first call."""
        parameters = (*days_of(period), ("group_by", ",".join(groups)))
        return self._ask(SubjectUsage, "/v1/me/usage", query=parameters)

    def my_newest_calls(self, period: Period, *, after: str | None) -> Calls:
        """The caller's own calls, the newest first: one page, as long as the API allows."""
        parameters = [*days_of(period), ("order", "newest"), ("limit", str(MY_CALLS_PAGE_ROWS))]
        if after:
            parameters.append(("cursor", after))
        return self._ask(Calls, "/v1/me/calls", query=tuple(parameters))

    def access_log(self, period: Period, *, after: str | None) -> Accesses:
        """One page of who looked at whose calls, the newest first."""
        parameters = [*days_of(period), ("limit", str(ACCESSES_PAGE_ROWS))]
        if after:
            parameters.append(("cursor", after))
        return self._ask(Accesses, "/v1/access-log", query=tuple(parameters))

    def metering(self) -> Metering:
        return self._ask(Metering, "/v1/metering")

    def dead_letters(self) -> DeadLetters:
        return self._ask(DeadLetters, "/v1/dead-letters")

    def completeness(self, period: Period) -> Completeness:
        return self._ask(Completeness, "/v1/completeness", query=days_of(period))

    def usage(self, period: Period, *groups: Group, only: Only = ALL) -> Usage:
        parameters = (*days_of(period), ("group_by", ",".join(groups)), *only.parameters)
        return self._ask(Usage, "/v1/usage", query=parameters)

    def subjects(
        self,
        period: Period,
        *,
        sort: SubjectSort,
        search: str,
        after: str | None,
        only: Only = ALL,
        compared: Period | None = None,
    ) -> Subjects:
        """One page of subjects: by charge, change or calls, highest first, or by subject from A to
        Z.
        """
        parameters = [
            *days_of(period),
            *only.parameters,
            *(() if compared is None else days_of(compared, "compare_")),
            ("sort", sort),
            ("order", "asc" if sort == "subject" else "desc"),
            ("limit", str(SUBJECTS_PAGE_ROWS)),
        ]
        if search:
            parameters.append(("q", search))
        if after:
            parameters.append(("cursor", after))
        return self._ask(Subjects, "/v1/subjects", query=tuple(parameters))

    def subject_usage(self, subject: str, period: Period, *groups: Group) -> SubjectUsage:
        parameters = (*days_of(period), ("group_by", ",".join(groups)))
        return self._ask(SubjectUsage, f"/v1/subjects/{segment(subject)}/usage", query=parameters)

    def subject_calls(
        self, subject: str, period: Period, *, after: str | None, model: str | None = None
    ) -> Calls:
        """One page of calls, the newest first."""
        parameters = [*days_of(period), ("order", "newest"), ("limit", str(CALLS_PAGE_ROWS))]
        if model is not None:
            parameters.append(("model", model))
        if after:
            parameters.append(("cursor", after))
        return self._ask(Calls, f"/v1/subjects/{segment(subject)}/calls", query=tuple(parameters))

    def call(self, call: str) -> CallDetail:
        return self._ask(CallDetail, f"/v1/calls/{segment(call)}")

    def reratings(self) -> Runs:
        return self._ask(Runs, "/v1/reratings")

    def rerating(self, run: str) -> RunDetail:
        return self._ask(RunDetail, f"/v1/reratings/{segment(run)}")

    def regroupings(self) -> Regroupings:
        return self._ask(Regroupings, "/v1/regroupings")

    def prices(self, *, history: bool = False, model: str | None = None) -> Prices:
        """The prices of the book in use that hold now, or those of every time; of one model or of
        all.
        """
        query: Parameters = (("history", "true"),) if history else ()
        if model is not None:
            query = (*query, ("model", model))
        return self._ask(Prices, "/v1/prices", query=query)

    def invoices(self, kind: DocumentKind, *, month: str | None = None) -> Invoices:
        """Closed months, and their invoices or the newest month's statements."""
        query: Parameters = (("kind", kind), *((("month", month),) if month else ()))
        return self._ask(Invoices, "/v1/invoices", query=query)

    def invoice_preview(self, month: str | None) -> InvoicePreview:
        """What closing an open month now would bill; None means the oldest open month."""
        query: Parameters = (("month", month),) if month else ()
        return self._ask(InvoicePreview, "/v1/invoices/preview", query=query)

    def invoice(self, number: str) -> Invoice:
        return self._ask(Invoice, f"/v1/invoices/{segment(number)}")

    def invoice_file(self, number: str, file: str, *, names: bool) -> bytes:
        """A file of a document or of a month, as stored or with display names."""
        query: Parameters = (("names", "true"),) if names else ()
        return self._get(f"/v1/invoices/{segment(number)}/files/{segment(file)}", query)

    def ask(self, kind: type[Answer], path: str, *, query: Parameters = ()) -> Answer:
        """A question that another module of this package spells."""
        return self._ask(kind, path, query=query)

    def post(self, kind: type[Answer], path: str, body: bytes) -> Answer:
        """A question that is too long for a URL. It changes nothing either."""
        assert self._post is not None, "this client was made to GET alone"
        return _decoded(kind, self._post(path, body), f"POST {path}")

    def _ask(self, kind: type[Answer], path: str, *, query: Parameters = ()) -> Answer:
        return _decoded(kind, self._get(path, query), f"GET {path}")


def _decoded(kind: type[Answer], body: bytes, asked: str) -> Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise AnswerMalformed(f"{asked} did not answer with {kind.__name__}: {error}") from error


def days_of(period: Period, prefix: str = "") -> Parameters:
    return (
        (f"{prefix}from", period.first.isoformat()),
        (f"{prefix}to", period.until.isoformat()),
    )


def segment(value: str) -> str:
    """One path segment: a subject may contain `/`, `:` or any other letter."""
    return quote(value, safe="")
