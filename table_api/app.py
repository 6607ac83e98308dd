"""The HTTP API as data: its routes and its errors. Handlers are in `endpoints`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from table_api import endpoints, rerating_endpoints, rerating_responses, responses
from table_api.api_description import describe
from table_api.completeness.reads import CompletenessReads
from table_api.completeness_answers import Completeness
from table_api.consumer_state.groups import MeteringPlace, Paths
from table_api.invoicing import answers
from table_api.invoicing import endpoints as invoice_endpoints
from table_api.invoicing.archive import Archive
from table_api.invoicing.files import CSV, JSON, PDF, XLSX
from table_api.invoicing.preview_endpoint import get_invoice_preview
from table_api.invoicing.renditions import PARQUET
from table_api.invoicing.settings import InvoicingSettings
from table_api.monthly.reads import MonthlyReads
from table_api.people.people import People
from table_api.problems import EXCEPTION_HANDLERS
from table_api.scope import Api, AuthMode, check_host
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.table_storage import TableStorage
from table_api.usage.call_reads import CallReads
from table_api.usage.cell_reads import LedgerReads


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint, all of them GET."""

    path: str
    handler: Callable[..., Any]
    answer: type[BaseModel] | None
    """None for files, whose bytes are what they are."""


# A subject may hold `/`, so it takes the rest of the path up to the last word.
ROUTES = (
    Route("/healthz", endpoints.get_health, responses.Health),
    Route("/v1/usage", endpoints.get_usage, responses.Usage),
    Route("/v1/subjects", endpoints.get_subjects, responses.Subjects),
    Route("/v1/subjects/{subject:path}/usage", endpoints.get_subject_usage, responses.SubjectUsage),
    Route("/v1/subjects/{subject:path}/calls", endpoints.get_subject_calls, responses.Calls),
    Route("/v1/calls/{call_id}", endpoints.get_call, responses.CallDetail),
    Route("/v1/reratings", rerating_endpoints.get_reratings, rerating_responses.Reratings),
    Route(
        "/v1/reratings/{run}", rerating_endpoints.get_rerating, rerating_responses.ReratingDetail
    ),
    Route("/v1/people", rerating_endpoints.get_people, rerating_responses.People),
    Route("/v1/regroupings", rerating_endpoints.get_regroupings, rerating_responses.Regroupings),
    Route("/v1/invoices", invoice_endpoints.get_invoices, answers.Invoices),
    Route("/v1/invoices/preview", get_invoice_preview, answers.InvoicePreview),
    Route("/v1/invoices/{number}", invoice_endpoints.get_invoice, answers.Invoice),
    Route("/v1/invoices/{number}/files/{file}", invoice_endpoints.get_invoice_file, None),
    Route("/v1/metering", endpoints.get_metering, responses.Metering),
    Route("/v1/completeness", endpoints.get_completeness, Completeness),
)


FILES: dict[str, Any] = {
    "description": "The file.",
    "content": {
        content_type: {"schema": {"type": "string", "format": "binary"}}
        for content_type in (JSON, CSV, XLSX, PDF, PARQUET)
    },
}


@dataclass(frozen=True, slots=True)
class Watched:
    """Whose progress and whose completeness are shown, and how an open month is billed."""

    metering: MeteringPlace
    paths: Paths
    invoicing: InvoicingSettings = field(default_factory=InvoicingSettings)


DEFAULT_WATCHED = Watched(MeteringPlace(), Paths())


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    storage: TableStorage,
    *,
    auth_mode: AuthMode = AuthMode.LOCAL,
    loopback_only: bool = False,
    blobs: BlobStore | None = None,
    watched: Watched = DEFAULT_WATCHED,
    now: Callable[[], datetime] = _now,
) -> FastAPI:
    """The API over one storage, which stays the caller's to close.

    It authorizes nobody by itself: `auth_mode` says who does. A server that leaves it at `local`
    binds to loopback and sets `loopback_only`: requests have to name this machine.
    """
    reads = LedgerReads(storage, now=now)
    app = FastAPI(
        title="LLM chargeback",
        version="1",
        summary="What every LLM gateway call cost, who made it, and why.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=EXCEPTION_HANDLERS,
        dependencies=[Depends(check_host)] if loopback_only else [],
    )
    app.state.api = Api(
        storage=storage,
        reads=reads,
        monthly=MonthlyReads(storage),
        calls=CallReads(storage, reads),
        people=People(storage, now=now),
        now=now,
        auth_mode=auth_mode,
        metering=watched.metering,
        archive=Archive(blobs or MemoryBlobStore()),
        invoicing=watched.invoicing,
        completeness=CompletenessReads(storage, reads, watched.paths),
    )
    for route in ROUTES:
        app.add_api_route(
            route.path,
            route.handler,
            methods=["GET"],
            response_model=route.answer,
            responses={200: FILES} if route.answer is None else None,
            response_class=JSONResponse if route.answer is not None else Response,
        )
    describe(app)
    return app
