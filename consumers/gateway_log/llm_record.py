"""A GatewayLlmLogs record → the token counts of a call as the gateway saw them. Pure.

`isStreamCompletion` is not read: it is wrong for streamed calls of some clients.
"""

from consumers.gateway_log.record_fields import Fields
from table_api.open_calls.facts import TokenCounts

_COUNTS = (
    "prompttokens", "completiontokens", "totaltokens", "promptcachedtokens",
    "completionreasoningtokens",
)  # fmt: skip


def tokens_of(record: Fields, properties: Fields) -> TokenCounts | None:
    """None for a probe: no id, no model, nothing counted. May raise InvalidField."""
    tokens = TokenCounts(
        time=record.time("time"),
        prompt=properties.count("prompttokens") or 0,
        completion=properties.count("completiontokens") or 0,
        total=properties.count("totaltokens") or 0,
        cached=properties.count("promptcachedtokens") or 0,
        reasoning=properties.count("completionreasoningtokens") or 0,
        model=properties.text("modelname"),
        deployment=properties.text("deploymentname"),
        response_id=properties.text("requestid"),
        others=properties.counts_besides(_COUNTS, "tokens"),
    )
    named = tokens.model or tokens.deployment or tokens.response_id
    return tokens if named or tokens.any else None
