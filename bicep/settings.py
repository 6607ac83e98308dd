"""settings.json: which settings each deployed program reads, with the defaults of the code.

`python -m bicep.settings > bicep/settings.json` writes it, and a test compares. main.bicep passes
all of them on, with the values of its parameter `settings` in place of the defaults. So an operator
sees every setting of a program in the portal, and a setting has one default.
"""

import json
from collections.abc import Iterable

from consumers.settings import options
from table_api.http_api.access.settings import ACCESS_VARIABLES
from table_api.settings import VARIABLES
from telemetry.settings import VARIABLES as TELEMETRY

ON_ONE_MACHINE = frozenset({"EVENTHUB_CONNECTION_STRING", "STORAGE_CONNECTION_STRING"})
"""They hold keys. A deployed program signs in by its identity."""
OF_ONE_VERB = frozenset({"GATEWAY_URL", "GATEWAY_KEY", "GATEWAY_LONG_KEY"})
"""Only `check --gateway` reads them, and a person starts it."""
OF_ANOTHER_BACK_END = frozenset({"OTEL_EXPORTER_OTLP_ENDPOINT"})
"""Telemetry goes to Application Insights."""
BY_BICEP = frozenset(
    {
        "EVENTHUB_NAMESPACE", "DIAGNOSTICS_EVENTHUB_NAMESPACE", "TABLES_URL", "BLOBS_URL",
        "PRICE_BOOKS", "AUTH_MODE", "OIDC_ISSUERS", "OIDC_AUDIENCES", "OIDC_TENANTS",
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "TELEMETRY_SUBJECT_KEY",
        "LOG_ANALYTICS_WORKSPACE_ID",
    }
)  # fmt: skip
"""Bicep knows them from what it deploys."""

LEFT_OUT = ON_ONE_MACHINE | OF_ONE_VERB | OF_ANOTHER_BACK_END | BY_BICEP

Defaults = dict[str, str]


def program_settings() -> dict[str, Defaults]:
    """Default by setting, for metering, pairing and the audit, for the API, and for the close."""
    consumers = _chosen((each.variable, each.default) for each in options())
    tables = _chosen((each.name, each.default) for each in VARIABLES)
    access = _chosen((each.name, each.default) for each in ACCESS_VARIABLES)
    telemetry = _chosen((each.name, "") for each in TELEMETRY)
    return {"consumers": consumers, "api": {**tables, **access, **telemetry}, "close": tables}


def _chosen(settings: Iterable[tuple[str, str]]) -> Defaults:
    return {name: default for name, default in settings if name not in LEFT_OUT}


def render() -> str:
    """The file's text."""
    return json.dumps(program_settings(), indent=2) + "\n"


if __name__ == "__main__":
    print(render(), end="")
