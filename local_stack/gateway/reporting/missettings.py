"""Mistakes in the settings of a gateway's log, each as a switch of the local one: what
`consumers check --gateway` has to name."""

from enum import StrEnum
from uuid import UUID, uuid5

from local_stack.gateway.reporting.gateway_log import Record


class Missetting(StrEnum):
    """One mistake."""

    NO_TRACES = "no-traces"
    """Verbosity other than `verbose`: the log's rows have no trace."""
    SAMPLED = "sampled"
    """Sampling of 50 %: every second call is in the log."""
    NO_LLM_LOG = "no-llm-log"
    """LLM logs are not enabled."""
    OTHER_IDS = "other-ids"
    """`correlationId` is not the gateway's request id."""
    NO_LOG = "no-log"
    """No diagnostic setting, or no logger `azuremonitor`."""


def misset(
    records: list[Record], missettings: tuple[Missetting, ...], *, call_number: int
) -> list[Record]:
    """What a gateway with these mistakes writes of a call."""
    if Missetting.NO_LOG in missettings:
        return []
    if Missetting.SAMPLED in missettings and call_number % 2:
        return []
    if Missetting.NO_LLM_LOG in missettings:
        records = [record for record in records if record["category"] != "GatewayLlmLogs"]
    for record in records:
        if Missetting.NO_TRACES in missettings:
            record["properties"].pop("traceRecords", None)
        if Missetting.OTHER_IDS in missettings:
            record["correlationId"] = str(uuid5(UUID(record["correlationId"]), "another"))
    return records
