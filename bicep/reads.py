"""Which settings each deployed program reads, as its code says."""

from dataclasses import fields

from bicep.settings import OF_ANOTHER_BACK_END, OF_ONE_VERB, ON_ONE_MACHINE
from consumers.settings import options
from table_api.http_api.access.settings import ACCESS_VARIABLES
from table_api.settings import VARIABLES
from telemetry.settings import PUBLISH_FROM, SUBJECT_KEY, WORKSPACE_ID
from telemetry.settings import VARIABLES as TELEMETRY_VARIABLES
from ui.api.settings import Settings as UiSettings

NOT_DEPLOYED = ON_ONE_MACHINE | OF_ONE_VERB | OF_ANOTHER_BACK_END
"""A deployment sets none of these: it has identities, and Application Insights."""
OF_PUBLISHER = {SUBJECT_KEY.name, PUBLISH_FROM.name}
"""Only the function app publishes."""
BY_PLATFORM = {
    "AZURE_CLIENT_ID", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
}  # fmt: skip
"""azure-identity and the Functions host read them."""
OF_PROGRAMS = {
    "metering": "consumers", "pairing": "consumers", "audit": "consumers", "api": "api",
    "close": "close", "ui": "ui",
}  # fmt: skip
"""Modules of main.bicep that start a program, and whose settings it reads."""


def read_by() -> dict[str, set[str]]:
    """Names by kind of program."""
    telemetry = {each.name for each in TELEMETRY_VARIABLES}
    others = telemetry - OF_PUBLISHER
    ui = {each.name.upper() for each in fields(UiSettings)}
    tables = {each.name for each in VARIABLES}
    without_ui = {
        "consumers": {each.variable for each in options()} | others,
        "api": tables | {each.name for each in ACCESS_VARIABLES} | telemetry | {WORKSPACE_ID.name},
        "close": tables | others,
    }
    return {"ui": ui} | {program: names - NOT_DEPLOYED for program, names in without_ui.items()}
