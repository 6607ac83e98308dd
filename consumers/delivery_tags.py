"""Empties the SDK's set of delivery tags, which it only ever fills: about 100 bytes an event.

The set serves answers to deliveries. Event Hubs delivers settled: there is nothing to answer.
"""

from azure.eventhub.aio import EventHubConsumerClient


def forget_delivery_tags(client: EventHubConsumerClient) -> None:
    """Of every link that the client has now. Where the SDK has no such set, it leaks none."""
    for processor in getattr(client, "_event_processors", {}).values():
        for consumer in getattr(processor, "_consumers", {}).values():
            link = getattr(getattr(consumer, "_handler", None), "_link", None)
            tags = getattr(link, "_received_delivery_tags", None)
            if tags is not None:
                tags.clear()
