"""Whose state is read: a hub and a consumer group, as the consumers were given them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroup:
    """Which consumer group of which hub meters."""

    hub: str = "llm-usage"
    group: str = "metering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The two hubs, and the consumer group that reads both of them for pairing."""

    usage_hub: str = "llm-usage"
    diagnostics_hub: str = "apim-diagnostics"
    group: str = "pairing"


def metering_place(environment: Mapping[str, str]) -> ConsumerGroup:
    """Whose progress is shown: EVENTHUB_NAME and CONSUMER_GROUP, as the consumers have them."""
    place = ConsumerGroup()
    return ConsumerGroup(
        hub=environment.get("EVENTHUB_NAME") or place.hub,
        group=environment.get("CONSUMER_GROUP") or place.group,
    )


def paths(environment: Mapping[str, str]) -> Paths:
    """What completeness compares: EVENTHUB_NAME, DIAGNOSTICS_HUB_NAME and PAIRING_GROUP."""
    usual = Paths()
    return Paths(
        usage_hub=environment.get("EVENTHUB_NAME") or usual.usage_hub,
        diagnostics_hub=environment.get("DIAGNOSTICS_HUB_NAME") or usual.diagnostics_hub,
        group=environment.get("PAIRING_GROUP") or usual.group,
    )
