"""The HTTP API as an Azure Functions app: one function takes every path and checks the key.

Deployed at the root of the package with host.json, `table_api/` and `pricing_rules/` beside it: the
worker imports it by its bare name from there.
"""

import os

import azure.functions as func

from table_api.app import create_app
from table_api.scope import AuthMode
from table_api.settings import connect, metering_place, storage_settings

_storage, _ = connect(storage_settings(os.environ))  # lives as long as the worker's process
app = func.AsgiFunctionApp(
    app=create_app(_storage, auth_mode=AuthMode.FUNCTION_KEY, metering=metering_place(os.environ)),
    http_auth_level=func.AuthLevel.FUNCTION,
)
