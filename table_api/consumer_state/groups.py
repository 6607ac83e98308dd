"""Which consumer groups read which event hub, as the consumers are set up. Knows no table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerGroup:
    """A consumer group of an event hub."""

    hub: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The consumer groups of one deployment: metering reads one hub, pairing reads both."""

    usage_hub: str = "llm-usage"
    diagnostics_hub: str = "apim-diagnostics"
    metering_group: str = "metering"
    pairing_group: str = "pairing"
    """The same name on both hubs."""

    @property
    def metering(self) -> ConsumerGroup:
        """Metering, on the hub of usage events."""
        return ConsumerGroup(hub=self.usage_hub, group=self.metering_group)

    @property
    def pairing_usage(self) -> ConsumerGroup:
        """Pairing, on the hub of usage events."""
        return ConsumerGroup(hub=self.usage_hub, group=self.pairing_group)

    @property
    def pairing_diagnostics(self) -> ConsumerGroup:
        """Pairing, on the hub of the gateway's log."""
        return ConsumerGroup(hub=self.diagnostics_hub, group=self.pairing_group)


DEFAULT_GROUPS = Groups()
