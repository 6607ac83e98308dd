"""The HTTP API as an Azure Functions app: one function takes every path, one prices calls, and
one reads Application Insights. One
timer purges the access log. Where telemetry has a destination, another one publishes the ledger.
Months are closed elsewhere, by a job that may write their documents.

The API checks the tokens of its callers, so the function wants no key.

Deployed at the root of the app, with its packages beside it: `python -m table_api package` writes
that folder. The worker imports this file by its bare name from there.
"""

import os

import azure.functions as func

from table_api.http_api.access.insights import LateClient, insights_of
from table_api.http_api.access.settings import read_access
from table_api.http_api.app import RATE, TELEMETRY, ApiSettings, create_app
from table_api.http_api.garbage import set_for_answers
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.ledger.book_archive import CONTAINER as BOOKS
from table_api.owners.access_log import PURGE_SCHEDULE, AccessLog
from table_api.publishing.passes import SCHEDULE as PUBLISH_SCHEDULE
from table_api.publishing.passes import ScheduledPublisher
from table_api.settings import read_settings
from table_api.storage.connection import open_container, open_tables
from table_api.storage.timestamp import now_utc
from telemetry.settings import read_telemetry
from telemetry.setup import set_up

set_up("api", hosted=True)
_settings = read_settings(os.environ)
_telemetry = read_telemetry(os.environ)
_storage = open_tables(_settings.storage)  # both live as long as the worker's process
_blobs = open_container(_settings.storage, INVOICES)
_books = open_container(_settings.storage, BOOKS)
_api = create_app(
    _storage,
    _blobs,
    books=_books,
    settings=ApiSettings(
        _settings.groups, _settings.invoicing, insights_of(_telemetry, LateClient(_telemetry))
    ),
    access=read_access(os.environ, host=""),
)
set_for_answers()
app = func.AsgiFunctionApp(app=_api, http_auth_level=func.AuthLevel.ANONYMOUS)
_asgi = func.AsgiMiddleware(_api)  # type: ignore[no-untyped-call]  # the package's own


@app.function_name("azFn-AoAiModel-Pricing")
@app.route(route=RATE.removeprefix("/"), methods=["POST"])
async def price_calls(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Price calls that are in no ledger. The API checks the token, as of every route."""
    answer: func.HttpResponse = await _asgi.handle_async(req, context)
    return answer


@app.function_name("azFn-AppInsightAPI")
@app.route(route=f"{TELEMETRY.removeprefix('/')}/{{*rest}}", methods=["GET"])
async def read_insights(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What Application Insights holds of calls, next to the ledger."""
    answer: func.HttpResponse = await _asgi.handle_async(req, context)
    return answer


@app.function_name("purge_access_log")
@app.timer_trigger(arg_name="timer", schedule=PURGE_SCHEDULE, use_monitor=True)
async def purge_access_log(timer: func.TimerRequest) -> None:
    """Delete what is older than the log keeps."""
    del timer  # whether the run is late does not matter
    await AccessLog(_storage).purge(now_utc().date())


if _telemetry.is_on:
    _publisher = ScheduledPublisher(_storage, _telemetry)

    @app.function_name("publish_calls")
    @app.timer_trigger(arg_name="timer", schedule=PUBLISH_SCHEDULE, use_monitor=True)
    async def publish_calls(timer: func.TimerRequest) -> None:
        """Send the ledger's new rows to Application Insights."""
        del timer
        await _publisher.run(now_utc())
