"""`$management`: what a hub or a partition is and holds now."""

from local_stack.broker.amqp.types import Array, Int, Timestamp
from local_stack.broker.errors import AmqpError
from local_stack.broker.faults.faults import FailManagement, FaultTarget
from local_stack.broker.serving.namespace import milliseconds
from local_stack.broker.serving.peer import OwningConnection
from local_stack.broker.serving.responses import Request, Response
from local_stack.broker.store.hubs import Hub

MANAGEMENT = "$management"
HUB_TYPE = "com.microsoft:eventhub"
PARTITION_TYPE = "com.microsoft:partition"


def manage(request: Request, connection: OwningConnection) -> Response:
    """Answer a READ of a hub or a partition."""
    asked = request.properties
    name = str(asked.get("name"))
    namespace = connection.namespace
    if failure := namespace.faults.take(FailManagement, FaultTarget(hub=name)):
        return Response(status=failure.status, description="the management request failed")
    if asked.get("operation") != "READ" or asked.get("type") not in (HUB_TYPE, PARTITION_TYPE):
        return Response(
            status=400,
            description=f"{asked.get('operation')!r} of {asked.get('type')!r}, expected 'READ' of "
            f"{HUB_TYPE!r} or {PARTITION_TYPE!r}",
        )
    try:
        hub = namespace.hub(name)
        if asked["type"] == HUB_TYPE:
            return Response(status=200, description="OK", body=_hub(hub))
        return Response(
            status=200, description="OK", body=_partition(hub, str(asked.get("partition")))
        )
    except AmqpError as error:
        return Response(status=404, description=error.description)


def _hub(hub: Hub) -> dict[object, object]:
    return {
        "name": hub.name,
        "type": HUB_TYPE,
        "created_at": Timestamp(milliseconds(hub.created_at)),
        "partition_count": Int(len(hub.partitions)),
        "partition_ids": Array(str(index) for index in range(len(hub.partitions))),
    }


def _partition(hub: Hub, partition_id: str) -> dict[object, object]:
    log = hub.partitions[hub.partition(partition_id)]
    return {
        "name": hub.name,
        "type": PARTITION_TYPE,
        "partition": partition_id,
        "begin_sequence_number": log.first_sequence_number,
        "last_enqueued_sequence_number": log.last_sequence_number,
        "last_enqueued_offset": str(log.last_offset),
        "last_enqueued_time_utc": Timestamp(log.last_enqueued_ms),
        "is_partition_empty": log.first_position == log.end_position,
    }
