"""Which decoded events make a ledger entry now, and which wait for the gateway's log. Pure."""

from pricing_rules.rating import REFUSED_STATUS
from pricing_rules.types import UsageEvent


def is_deferred(event: UsageEvent) -> bool:
    """Whether pairing has to complete this call before it can stand in the ledger.

    A call without usage waits (a stream, an aborted or filtered call may be charged); a refused
    one is posted as zero. A completed call never waits again: without usage it is `no_usage`.
    """
    return event.usage is None and not event.completed_from and event.status not in REFUSED_STATUS
