"""Every question that the API answers, as a method.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date
from typing import Unpack

from chargeback_client.answers.calls import CallDetail, FoundCalls
from chargeback_client.answers.invoices import Invoice, InvoicePreview, Invoices
from chargeback_client.answers.people import Accesses, Me, People, Regroupings
from chargeback_client.answers.prices import Prices, Rated
from chargeback_client.answers.reratings import ReratingDetail, Reratings
from chargeback_client.answers.shared import Calls, SubjectUsage
from chargeback_client.answers.status import Completeness, DeadLetters, Health, Metering
from chargeback_client.answers.telemetry import (
    Reconciliation,
    TelemetryCalls,
    TelemetrySessions,
    TelemetryTokens,
    TelemetryTop,
    TelemetryTrace,
    TelemetryUsage,
)
from chargeback_client.answers.usage import Subjects, Usage
from chargeback_client.questions import Days, Questions


class Client(Questions):
    """One caller's questions; each method may raise ClientError."""

    def healthz(self) -> Health:
        """Whether the API and its storage answer."""
        return self.ask(Health, "/healthz", {})

    def usage(
        self,
        *,
        group_by: str | None = None,
        subject: str | None = None,
        model: str | None = None,
        cost_centre: str | None = None,
        **days: Unpack[Days],
    ) -> Usage:
        """Usage of everybody in a range of days, grouped."""
        return self.ask(
            Usage,
            "/v1/usage",
            {
                "group_by": group_by,
                "subject": subject,
                "model": model,
                "cost_centre": cost_centre,
                **days,
            },
        )

    def subjects(
        self,
        *,
        sort: str | None = None,
        order: str | None = None,
        q: str | None = None,
        model: str | None = None,
        cost_centre: str | None = None,
        compare_from: date | str | None = None,
        compare_to: date | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **days: Unpack[Days],
    ) -> Subjects:
        """Everybody with usage in a range of days, sorted, a page at a time."""
        return self.ask(
            Subjects,
            "/v1/subjects",
            {
                "sort": sort,
                "order": order,
                "q": q,
                "model": model,
                "cost_centre": cost_centre,
                "compare_from": compare_from,
                "compare_to": compare_to,
                "limit": limit,
                "cursor": cursor,
                **days,
            },
        )

    def subjects_usage(
        self, subject: str, *, group_by: str | None = None, **days: Unpack[Days]
    ) -> SubjectUsage:
        """Usage of one subject in a range of days, grouped."""
        return self.ask(
            SubjectUsage, f"/v1/subjects/{self.part(subject)}/usage", {"group_by": group_by, **days}
        )

    def subjects_calls(
        self,
        subject: str,
        *,
        model: str | None = None,
        order: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **days: Unpack[Days],
    ) -> Calls:
        """A subject's calls in the order of their time, a page at a time."""
        return self.ask(
            Calls,
            f"/v1/subjects/{self.part(subject)}/calls",
            {"model": model, "order": order, "limit": limit, "cursor": cursor, **days},
        )

    def calls(
        self,
        *,
        subject: str | None = None,
        model: str | None = None,
        status: str | None = None,
        state: str | None = None,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **days: Unpack[Days],
    ) -> FoundCalls:
        """Calls of everybody, or found by an id or session; the newest first, a page at a time."""
        return self.ask(
            FoundCalls,
            "/v1/calls",
            {
                "subject": subject,
                "model": model,
                "status": status,
                "state": state,
                "q": q,
                "limit": limit,
                "cursor": cursor,
                **days,
            },
        )

    def calls_of_call_id(self, call_id: str) -> CallDetail:
        """One call with its chain and the explanation of its cost."""
        return self.ask(CallDetail, f"/v1/calls/{self.part(call_id)}", {})

    def reratings(self) -> Reratings:
        """Every re-rating run, the newest first."""
        return self.ask(Reratings, "/v1/reratings", {})

    def reratings_of_run(self, run: str) -> ReratingDetail:
        """One re-rating run with what it changes."""
        return self.ask(ReratingDetail, f"/v1/reratings/{self.part(run)}", {})

    def prices(
        self,
        *,
        model: str | None = None,
        day: date | str | None = None,
        history: bool | None = None,
    ) -> Prices:
        """The prices of the book that metering rates with, each with its source and its age."""
        return self.ask(Prices, "/v1/prices", {"model": model, "day": day, "history": history})

    def rate(self, calls: object) -> Rated:
        """What calls cost, by the contract if a role gives it, else at list price."""
        return self.send(Rated, "/v1/rate", calls)

    def people(self) -> People:
        """Who the subjects are: names and cost centres, from which day on."""
        return self.ask(People, "/v1/people", {})

    def regroupings(self) -> Regroupings:
        """Past days whose cost centre an import of people changed."""
        return self.ask(Regroupings, "/v1/regroupings", {})

    def invoices(self, *, month: str | None = None, kind: str | None = None) -> Invoices:
        """Closed months and their documents, newest first."""
        return self.ask(Invoices, "/v1/invoices", {"month": month, "kind": kind})

    def invoices_preview(self, *, month: str | None = None) -> InvoicePreview:
        """An open month as it would be billed now, by what the last audit found."""
        return self.ask(InvoicePreview, "/v1/invoices/preview", {"month": month})

    def invoices_of_number(self, number: str) -> Invoice:
        """One invoice or statement without its lines."""
        return self.ask(Invoice, f"/v1/invoices/{self.part(number)}", {})

    def invoices_files_of_file(self, number: str, file: str, *, names: bool | None = None) -> bytes:
        """A file as it was stored, or rendered with display names."""
        return self.content(
            f"/v1/invoices/{self.part(number)}/files/{self.part(file)}", {"names": names}
        )

    def invoices_months_zip(self, month: str) -> bytes:
        """The stored files of a closed month in one ZIP: those that the caller may see."""
        return self.content(f"/v1/invoices/months/{self.part(month)}.zip", {})

    def me(self) -> Me:
        """Who the caller is, and what they may see."""
        return self.ask(Me, "/v1/me", {})

    def me_usage(self, *, group_by: str | None = None, **days: Unpack[Days]) -> SubjectUsage:
        """The caller's own usage in a range of days, grouped; empty before their first call."""
        return self.ask(SubjectUsage, "/v1/me/usage", {"group_by": group_by, **days})

    def me_calls(
        self,
        *,
        model: str | None = None,
        order: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **days: Unpack[Days],
    ) -> Calls:
        """The caller's own calls in the order of their time, a page at a time."""
        return self.ask(
            Calls,
            "/v1/me/calls",
            {"model": model, "order": order, "limit": limit, "cursor": cursor, **days},
        )

    def telemetry_subjects_usage(self, subject: str, **days: Unpack[Days]) -> TelemetryUsage:
        """A subject's usage as Application Insights has it, next to the ledger's."""
        return self.ask(
            TelemetryUsage, f"/v1/telemetry/subjects/{self.part(subject)}/usage", {**days}
        )

    def telemetry_subjects_sessions(self, subject: str, **days: Unpack[Days]) -> TelemetrySessions:
        """A subject's sessions, the last first."""
        return self.ask(
            TelemetrySessions, f"/v1/telemetry/subjects/{self.part(subject)}/sessions", {**days}
        )

    def telemetry_subjects_calls(
        self,
        subject: str,
        *,
        session: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **days: Unpack[Days],
    ) -> TelemetryCalls:
        """A subject's calls with what gateway and model said of them, the newest first."""
        return self.ask(
            TelemetryCalls,
            f"/v1/telemetry/subjects/{self.part(subject)}/calls",
            {"session": session, "limit": limit, "cursor": cursor, **days},
        )

    def telemetry_calls_of_call_id(self, call_id: str) -> TelemetryTrace:
        """One call from the gateway to the ledger."""
        return self.ask(TelemetryTrace, f"/v1/telemetry/calls/{self.part(call_id)}", {})

    def telemetry_top(self, *, by: str | None = None, **days: Unpack[Days]) -> TelemetryTop:
        """Who, or what, costs most."""
        return self.ask(TelemetryTop, "/v1/telemetry/top", {"by": by, **days})

    def telemetry_tokens(self, **days: Unpack[Days]) -> TelemetryTokens:
        """The gateway's token metric next to the ledger's tokens, by hour."""
        return self.ask(TelemetryTokens, "/v1/telemetry/tokens", {**days})

    def telemetry_reconciliation(self, **days: Unpack[Days]) -> Reconciliation:
        """The ledger, what was sent, and what Application Insights has of it, by day."""
        return self.ask(Reconciliation, "/v1/telemetry/reconciliation", {**days})

    def access_log(
        self, *, limit: int | None = None, cursor: str | None = None, **days: Unpack[Days]
    ) -> Accesses:
        """Who looked at whose calls, the newest first."""
        return self.ask(Accesses, "/v1/access-log", {"limit": limit, "cursor": cursor, **days})

    def metering(self) -> Metering:
        """How far metering is, what it could not read, and whether the last audit was clean."""
        return self.ask(Metering, "/v1/metering", {})

    def dead_letters(self, *, limit: int | None = None) -> DeadLetters:
        """Events that could not be read or rated and wait for somebody to look at them."""
        return self.ask(DeadLetters, "/v1/dead-letters", {"limit": limit})

    def completeness(self, **days: Unpack[Days]) -> Completeness:
        """What each of the two paths missed, per hour, API and model."""
        return self.ask(Completeness, "/v1/completeness", {**days})
