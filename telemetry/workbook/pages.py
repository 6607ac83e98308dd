"""The Azure Workbook: charts and tables over the queries, as the portal reads it.

Amounts are numbers there, for charts; exact ones come from the ledger's own API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from telemetry.queries.query_text import QueryName, with_literals

RANGE = "range"
"""The parameter of the time range."""
START, STOP = f"datetime({{{RANGE}:startISO}})", f"datetime({{{RANGE}:endISO}})"
_SPAN = {"start": START, "stop": STOP}
_DAY_MS = 86_400_000
_IDS = UUID("5a4b64e1-1a5f-5b1f-9d3f-0f9f4b0f7a11")
_WORKSPACE = "microsoft.operationalinsights/workspaces"

INTRODUCTION = (
    "What calls of language models cost. Application Insights has a copy of the ledger, which the "
    "publisher sends; the ledger decides. Items arrive some minutes after the call. Amounts are "
    "rounded for the charts."
)
_CHARGE = "Charge = iff(Known > 0, todouble(Pico) / 1000000000000, todouble(''))"
"""Empty where no call has a known cost."""
_SUMS = "Calls = sum(Calls), Known = sum(Known), Pico = sum(Pico)"
_LATENCY = f"""\
let start = {START};
let stop = {STOP};
let gateway = AppRequests
| where TimeGenerated >= start and TimeGenerated < stop
| where isnotempty(tostring(Properties["Request Id"]))
| project Hour = bin(TimeGenerated, 1h), OperationId, GatewayId = Id, GatewayMs = DurationMs;
let backend = AppDependencies
| where TimeGenerated >= start and TimeGenerated < stop
| summarize BackendMs = max(DurationMs) by OperationId, GatewayId = ParentId;
gateway
| join kind=leftouter (backend) on OperationId, GatewayId
| summarize Calls = count(), GatewayMedian = percentile(GatewayMs, 50),
    Gateway95 = percentile(GatewayMs, 95), ModelMedian = percentile(BackendMs, 50),
    Model95 = percentile(BackendMs, 95) by Hour
| order by Hour asc
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A chart or a table."""

    title: str
    query: str
    visualization: str = "table"


def parts() -> list[Part]:
    """In the order in which the page shows them."""
    cells = with_literals(QueryName.CELLS, _SPAN)
    return [
        Part(
            "Charge by day and model",
            f"{cells}| summarize {_SUMS} by Day, Model\n"
            f"| project Day, Model, {_CHARGE}\n| order by Day asc, Model asc\n",
            "barchart",
        ),
        _top("Users by charge", "user", "UserId"),
        _top("Cost centres by charge", "cost_centre", "CostCentre"),
        _top("Subscriptions by charge", "subscription", "Subscription"),
        _top("Models by charge", "model", "Model"),
        _top("Calls by state: unpriced and no_usage have no charge", "state", "State"),
        Part("Latency of gateway and model, in milliseconds", _LATENCY, "linechart"),
        Part(
            "What has arrived: copies, conflicts and sampled items show what is wrong",
            f"{cells}| summarize {_SUMS}, Rows = sum(Rows), Copies = sum(Copies), "
            "Conflicts = sum(Conflicts), Sampled = sum(Sampled) by Day\n"
            f"| project Day, Calls, {_CHARGE}, Rows, Copies, Conflicts, Sampled\n"
            "| order by Day desc\n",
        ),
        Part(
            "The gateway's token metric next to the ledger's tokens: a cross-check, not a bill",
            with_literals(QueryName.TOKEN_METRIC, _SPAN),
        ),
    ]


def _top(title: str, by_what: str, column: str) -> Part:
    query = with_literals(QueryName.TOP, {**_SPAN, "by_what": f'"{by_what}"'})
    shown = f"{column} = Group, Calls, {_CHARGE}, Currency, Input, Output"
    return Part(title, f'{query}| where Scope == "group"\n| project {shown}\n')


def workbook() -> Mapping[str, Any]:
    """The file that the portal reads."""
    return {
        "version": "Notebook/1.0",
        "items": [
            {"type": 1, "name": "introduction", "content": {"json": INTRODUCTION}},
            _range(),
            *(_item(part) for part in parts()),
        ],
        "fallbackResourceIds": [],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def _range() -> Mapping[str, Any]:
    choices = [{"durationMs": days * _DAY_MS} for days in (1, 7, 30, 90)]
    return {
        "type": 9,
        "name": RANGE,
        "content": {
            "version": "KqlParameterItem/1.0",
            "parameters": [
                {
                    "id": str(uuid5(_IDS, RANGE)),
                    "version": "KqlParameterItem/1.0",
                    "name": RANGE,
                    "label": "Range",
                    "type": 4,
                    "isRequired": True,
                    "value": {"durationMs": 7 * _DAY_MS},
                    "typeSettings": {"selectableValues": choices, "allowCustom": True},
                }
            ],
            "style": "pills",
            "queryType": 0,
            "resourceType": _WORKSPACE,
        },
    }


def _item(part: Part) -> Mapping[str, Any]:
    return {
        "type": 3,
        "name": part.title,
        "content": {
            "version": "KqlItem/1.0",
            "title": part.title,
            "query": part.query,
            "size": 0,
            "showExportToExcel": True,
            "queryType": 0,
            "resourceType": _WORKSPACE,
            "visualization": part.visualization,
        },
    }
