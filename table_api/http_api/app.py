"""The HTTP API as data: its routes and its errors. Each resource has its own `endpoints`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from table_api.consumer_state.groups import DEFAULT_GROUPS, Groups
from table_api.http_api.access.caller import Permission
from table_api.http_api.access.gate import Gate, permitted
from table_api.http_api.access.hardening import HEADERS, SIGNED_IN_HEADERS, Hardening
from table_api.http_api.access.insights import Insights
from table_api.http_api.access.question import Api
from table_api.http_api.access.recorded import recorded
from table_api.http_api.access.settings import LOCAL_ACCESS, AccessSettings, AuthMode
from table_api.http_api.access.sights import Sights
from table_api.http_api.access_log import endpoints as access_log
from table_api.http_api.access_log import models as log_models
from table_api.http_api.calls import endpoints as calls
from table_api.http_api.calls import models as call_models
from table_api.http_api.conventions.forms import SUFFIXES
from table_api.http_api.conventions.head_requests import HeadRequests
from table_api.http_api.conventions.problems import EXCEPTION_HANDLERS
from table_api.http_api.docs_page import get_docs, get_start
from table_api.http_api.invoices import endpoints as invoices
from table_api.http_api.invoices import models as invoice_models
from table_api.http_api.lists.columns import line_model
from table_api.http_api.lists.handler import as_list
from table_api.http_api.me import endpoints as me
from table_api.http_api.me import models as me_models
from table_api.http_api.openapi import describe, tag_of
from table_api.http_api.people import endpoints as people
from table_api.http_api.people import models as people_models
from table_api.http_api.prices import endpoints as prices
from table_api.http_api.prices import models as price_models
from table_api.http_api.rate import endpoints as rate
from table_api.http_api.rate import models as rate_models
from table_api.http_api.rate.body import BODY_BYTES_MAX as RATE_BYTES_MAX
from table_api.http_api.reratings import endpoints as reratings
from table_api.http_api.reratings import models as rerating_models
from table_api.http_api.status import endpoints as status
from table_api.http_api.status.completeness import Completeness
from table_api.http_api.status.dead_letters import DeadLetters
from table_api.http_api.status.metering import Health, Metering
from table_api.http_api.telemetry import endpoints as telemetry
from table_api.http_api.telemetry import models as tele_models
from table_api.http_api.usage import endpoints as usage
from table_api.http_api.usage import models as usage_models
from table_api.invoicing.closing.month_files import CSV, JSON, PDF, XLSX
from table_api.invoicing.closing.renditions import PARQUET
from table_api.invoicing.closing.zipped import ZIP
from table_api.invoicing.settings import DEFAULT_INVOICING, InvoicingSettings
from table_api.invoicing.snapshots.billed_centres import BilledCentres
from table_api.invoicing.snapshots.shared_archive import SharedArchive
from table_api.owners.access_log import AccessLog
from table_api.owners.ownership import Owners
from table_api.people.people import People
from table_api.storage.blobs import BlobStore
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc
from table_api.usage.cell_reads import LedgerReads


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    path: str
    handler: Callable[..., Any]
    answer: type[BaseModel] | None
    """None for files, whose bytes are what they are."""
    permission: Permission
    """What it wants of its caller. docs/security.md shows the same table."""
    described: bool = True
    """Whether the OpenAPI document has it: a page for people is no part of it."""
    method: str = "GET"
    body: dict[str, Any] | None = None
    """What the OpenAPI document says of the body that it reads."""
    files: tuple[str, ...] = (JSON, CSV, XLSX, PDF, PARQUET)
    """The content types of an answer without a model."""

    @property
    def line(self) -> type[BaseModel] | None:
        """The model of a line, where it is a list that has files too."""
        return line_model(self.answer) if self.method == "GET" else None


RATE = "/v1/rate"
PUBLIC, SIGNED_IN, BILLING = Permission.PUBLIC, Permission.SIGNED_IN, Permission.BILLING

# A subject may hold `/`, so it takes the rest of the path up to the last word.
SUBJECT = "/v1/subjects/{subject:path}"
TELEMETRY = "/v1/telemetry"
OF_SUBJECT = f"{TELEMETRY}/subjects/{{subject:path}}"
ROUTES = (
    Route("/", get_start, None, PUBLIC, described=False),
    Route("/docs", get_docs, None, PUBLIC, described=False),
    Route("/healthz", status.get_health, Health, PUBLIC),
    Route("/v1/usage", usage.get_usage, usage_models.Usage, SIGNED_IN),
    Route("/v1/subjects", usage.get_subjects, usage_models.Subjects, SIGNED_IN),
    Route(f"{SUBJECT}/usage", usage.get_subject_usage, usage_models.SubjectUsage, SIGNED_IN),
    Route(f"{SUBJECT}/calls", calls.get_subject_calls, call_models.Calls, SIGNED_IN),
    Route("/v1/calls", calls.get_calls, call_models.FoundCalls, SIGNED_IN),
    Route("/v1/calls/{call_id}", calls.get_call, call_models.CallDetail, SIGNED_IN),
    Route("/v1/reratings", reratings.get_reratings, rerating_models.Reratings, BILLING),
    Route("/v1/reratings/{run}", reratings.get_rerating, rerating_models.ReratingDetail, BILLING),
    Route("/v1/prices", prices.get_prices, price_models.Prices, SIGNED_IN),
    Route(
        RATE,
        rate.post_rate,
        rate_models.Rated,
        SIGNED_IN,
        method="POST",
        body=rate_models.BODY,
    ),
    Route("/v1/people", people.get_people, people_models.People, SIGNED_IN),
    Route("/v1/regroupings", people.get_regroupings, people_models.Regroupings, BILLING),
    Route("/v1/invoices", invoices.get_invoices, invoice_models.Invoices, SIGNED_IN),
    Route(
        "/v1/invoices/preview", invoices.get_invoice_preview, invoice_models.InvoicePreview, BILLING
    ),
    Route("/v1/invoices/{number}", invoices.get_invoice, invoice_models.Invoice, SIGNED_IN),
    Route("/v1/invoices/{number}/files/{file}", invoices.get_invoice_file, None, SIGNED_IN),
    Route("/v1/invoices/months/{month}.zip", invoices.get_month_zip, None, SIGNED_IN, files=(ZIP,)),
    Route("/v1/me", me.get_me, me_models.Me, SIGNED_IN),
    Route("/v1/me/usage", me.get_my_usage, usage_models.SubjectUsage, SIGNED_IN),
    Route("/v1/me/calls", me.get_my_calls, call_models.Calls, SIGNED_IN),
    Route(f"{OF_SUBJECT}/usage", telemetry.get_usage, tele_models.TelemetryUsage, SIGNED_IN),
    Route(
        f"{OF_SUBJECT}/sessions", telemetry.get_sessions, tele_models.TelemetrySessions, SIGNED_IN
    ),
    Route(f"{OF_SUBJECT}/calls", telemetry.get_calls, tele_models.TelemetryCalls, SIGNED_IN),
    Route(
        f"{TELEMETRY}/calls/{{call_id}}", telemetry.get_call, tele_models.TelemetryTrace, SIGNED_IN
    ),
    Route(f"{TELEMETRY}/top", telemetry.get_top, tele_models.TelemetryTop, BILLING),
    Route(f"{TELEMETRY}/tokens", telemetry.get_tokens, tele_models.TelemetryTokens, BILLING),
    Route(
        f"{TELEMETRY}/reconciliation",
        telemetry.get_reconciliation,
        tele_models.Reconciliation,
        BILLING,
    ),
    Route("/v1/access-log", access_log.get_access_log, log_models.Accesses, Permission.ADMIN),
    Route("/v1/metering", status.get_metering, Metering, BILLING),
    Route("/v1/dead-letters", status.get_dead_letters, DeadLetters, BILLING),
    Route("/v1/completeness", status.get_completeness, Completeness, BILLING),
)
DESCRIPTION = "/openapi.json"
PUBLIC_PATHS = {DESCRIPTION, *(each.path for each in ROUTES if each.permission is PUBLIC)}


def _contents(content_types: Iterable[str]) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"content": dict.fromkeys(content_types, binary)}


class ApiSettings(NamedTuple):
    """What an operator chooses, but for who may ask."""

    groups: Groups = DEFAULT_GROUPS
    """Whose progress the API shows."""
    invoicing: InvoicingSettings = DEFAULT_INVOICING
    """How it previews an open month."""
    insights: Insights | None = None
    """What reads Application Insights; None where nobody said where it is."""


DEFAULT_SETTINGS = ApiSettings()


def create_app(
    storage: TableStorage,
    blobs: BlobStore,
    *,
    books: BlobStore | None = None,
    settings: ApiSettings = DEFAULT_SETTINGS,
    access: AccessSettings = LOCAL_ACCESS,
    now: Callable[[], datetime] = now_utc,
) -> FastAPI:
    """The API over a ledger and the container of its closed months, which its starter closes.

    `books` is the container of price books, without which nothing is rated. `access` is who may
    ask. With AUTH_MODE=local, requests must name this machine, and the server must bind to
    loopback.
    """
    app = FastAPI(
        title="LLM chargeback",
        version="1",
        summary="What every LLM gateway call cost, who made it, and why.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url=DESCRIPTION,
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=_middleware(access),
    )
    people_table = People(storage, now=now)
    archive = SharedArchive(blobs)
    app.state.api = Api(
        storage=storage,
        blobs=blobs,
        archive=archive,
        books=books,
        reads=LedgerReads(storage, now=now),
        people=people_table,
        sights=Sights(people_table, Owners(storage, now=now), BilledCentres(archive, now=now)),
        access_log=AccessLog(storage),
        insights=settings.insights,
        groups=settings.groups,
        invoicing=settings.invoicing,
        auth_mode=access.auth_mode,
        now=now,
    )
    app.router.routes += _routes(access.auth_mode)
    describe(app, public=PUBLIC_PATHS if access.auth_mode is AuthMode.OIDC else None)
    return app


@cache
def _routes(auth_mode: AuthMode) -> tuple[BaseRoute, ...]:
    """They hold nothing of an app, and what checks their parameters takes 35 ms to make: the apps
    of a process share them.
    """
    router = APIRouter()
    for route in ROUTES:
        _add(router, route, auth_mode)
    return tuple(router.routes)


def _add(router: APIRouter, route: Route, auth_mode: AuthMode) -> None:
    """A route, and those of the same list as files."""
    handler, contents = route.handler, None
    if route.answer is None:
        contents = {"description": "The file."} | _contents(route.files)
    line = route.line
    if route.answer is not None and line is not None:
        handler = as_list(handler, route.answer, line)
        contents = _contents(form.value for form in SUFFIXES.values())
    if route.permission is not PUBLIC:
        handler = recorded(handler, route.path)
    for suffix in ("", *(SUFFIXES if line is not None else ())):
        router.add_api_route(
            route.path + suffix,
            handler,
            methods=[route.method],
            tags=[tag_of(route.handler)] if route.described else None,
            openapi_extra=route.body,
            include_in_schema=route.described and not suffix,
            dependencies=[Depends(permitted(route.permission, auth_mode))],
            response_model=route.answer,
            responses={200: contents} if contents is not None else None,
            response_class=JSONResponse if route.answer is not None else Response,
        )


def _middleware(access: AccessSettings) -> list[Middleware]:
    """What a request passes before its route, the outermost first."""
    signed_in = SIGNED_IN_HEADERS if access.auth_mode is AuthMode.OIDC else {}
    passed = [
        Middleware(HeadRequests),
        Middleware(Hardening, headers=HEADERS | signed_in, bodies={RATE: RATE_BYTES_MAX}),
    ]
    if access.cors_origins:
        passed.append(
            Middleware(
                CORSMiddleware,
                allow_origins=access.cors_origins,
                allow_headers=["Authorization", "If-None-Match"],
                expose_headers=["ETag", "Link", "Retry-After"],
            )
        )
    return [*passed, Middleware(Gate, settings=access, public=PUBLIC_PATHS)]
