"""The HTTP API as an Azure Functions app: one function takes every path, one timer closes the
months that are over, and one purges the access log.

The API checks the tokens of its callers, so the function wants no key.

Deployed at the root of the app, with its packages beside it: `python -m table_api package` writes
that folder. The worker imports this file by its bare name from there.
"""

import os

import azure.functions as func

from table_api.http_api.access.settings import read_access
from table_api.http_api.app import create_app
from table_api.invoicing.closing.scheduled import SCHEDULE, run_scheduled
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.owners.access_log import PURGE_SCHEDULE, AccessLog
from table_api.settings import read_settings
from table_api.storage.connection import open_container, open_tables
from table_api.storage.timestamp import now_utc

_settings = read_settings(os.environ)
_storage = open_tables(_settings.storage)  # both live as long as the worker's process
_blobs = open_container(_settings.storage, INVOICES)
app = func.AsgiFunctionApp(
    app=create_app(
        _storage,
        _blobs,
        groups=_settings.groups,
        invoicing=_settings.invoicing,
        access=read_access(os.environ, host=""),
    ),
    http_auth_level=func.AuthLevel.ANONYMOUS,
)


@app.function_name("close_months")
@app.timer_trigger(arg_name="timer", schedule=SCHEDULE, use_monitor=True)
async def close_months(timer: func.TimerRequest) -> None:
    """Close every month that is over in the billing zone and not closed yet."""
    del timer  # whether the run is late does not matter: what is due is read from the store
    await run_scheduled(_settings)


@app.function_name("purge_access_log")
@app.timer_trigger(arg_name="timer", schedule=PURGE_SCHEDULE, use_monitor=True)
async def purge_access_log(timer: func.TimerRequest) -> None:
    """Delete what is older than the log keeps."""
    del timer
    await AccessLog(_storage).purge(now_utc().date())
