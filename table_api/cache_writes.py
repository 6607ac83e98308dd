"""Calls whose cost leaves cache writes out, since nobody reported them. Pure.

The gateway's log has no cache writes of Anthropic's models; only the model's own usage has them.
"""

from collections.abc import Mapping

from pricing_rules.types import CallState, Operation, Rank
from table_api.storage import Value

_NAMES = ("model", "reported_model", "deployment")
COLUMNS = ("state", "rank", "operation", *_NAMES)
"""What a read has to ask for."""


def excludes_cache_writes(row: Mapping[str, Value]) -> bool:
    """Of a chain's row: whether it has a cost, of Anthropic's usage, from the gateway's log."""
    if row["state"] != CallState.PRICED or int(row["rank"]) != Rank.GATEWAY_LOG:
        return False
    names = (str(row.get(name) or "").lower() for name in _NAMES)
    return row["operation"] == Operation.MESSAGES or any("claude" in name for name in names)
