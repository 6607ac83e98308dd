"""From a client's attach to the link it asks for, or to a refusal."""

import re

from local_stack.broker.amqp.performatives import Attach
from local_stack.broker.amqp.types import Described
from local_stack.broker.errors import AmqpError
from local_stack.broker.faults.faults import BusyAttach, FaultTarget
from local_stack.broker.serving.addresses import path_of
from local_stack.broker.serving.cbs import CBS
from local_stack.broker.serving.consumer_link import ConsumerLink, Reading
from local_stack.broker.serving.links import Link
from local_stack.broker.serving.management import MANAGEMENT
from local_stack.broker.serving.peer import OwningSession
from local_stack.broker.serving.producer_link import ProducerLink
from local_stack.broker.serving.requests import RequestLink, ResponseLink
from local_stack.broker.store.selector import FROM_BEGINNING, SELECTOR_FILTER, Start, parse_selector

FILTER_FIELD = 7
"""Index of the filter map in a source."""

EPOCH_PROPERTY = "com.microsoft:epoch"
RUNTIME_METRIC = "com.microsoft:enable-receiver-runtime-metric"

_SENDER = re.compile(r"([^/]+)(?:/Partitions/(\d+))?", re.IGNORECASE)
_RECEIVER = re.compile(r"([^/]+)/ConsumerGroups/([^/]+)/Partitions/(\d+)", re.IGNORECASE)


def make_link(session: OwningSession, attach: Attach) -> Link:
    """The link a client asks for; an AmqpError where it may not have it."""
    terminus = attach.source if attach.role else attach.target
    address = _address(terminus)
    if address in (CBS, MANAGEMENT):
        kind = ResponseLink if attach.role else RequestLink
        return kind(session, attach, address=address)
    if not session.connection.authorized:
        raise AmqpError(
            "amqp:unauthorized-access", f"no token was put for {address!r} on this connection"
        )
    if attach.role:
        return _consumer(session, attach, address=address)
    return _producer(session, attach, address=address)


def _address(terminus: Described | None) -> str:
    fields = terminus.value if terminus is not None else None
    address = fields[0] if isinstance(fields, list) and fields else None
    if not isinstance(address, str):
        raise AmqpError("amqp:invalid-field", f"an attach to {address!r}, an address expected")
    path = path_of(address)
    return path.lower() if path.lower() in (CBS, MANAGEMENT) else path


def _producer(session: OwningSession, attach: Attach, *, address: str) -> Link:
    found = _SENDER.fullmatch(address)
    if found is None:
        raise AmqpError("amqp:not-found", f"{address!r} is no event hub and no partition of one")
    name, partition_id = found.groups()
    hub = session.connection.namespace.hub(name)
    partition = hub.partition(partition_id) if partition_id is not None else None
    _check_busy(session, FaultTarget(hub=hub.name, partition=partition_id, role="sender"))
    return ProducerLink(session, attach, address=address, hub=hub, partition=partition)


def _consumer(session: OwningSession, attach: Attach, *, address: str) -> Link:
    found = _RECEIVER.fullmatch(address)
    if found is None:
        raise AmqpError("amqp:not-found", f"{address!r} is no partition of a consumer group")
    name, group, partition_id = found.groups()
    hub = session.connection.namespace.hub(name)
    place = FaultTarget(hub=hub.name, partition=partition_id, group=group, role="receiver")
    _check_busy(session, place)
    epoch = (attach.properties or {}).get(EPOCH_PROPERTY)
    desired = attach.desired_capabilities
    reading = Reading(
        hub=hub,
        group=group,
        partition=hub.partition(partition_id),
        start=_start(attach.source),
        epoch=epoch if isinstance(epoch, int) else None,
        runtime_metric=RUNTIME_METRIC in (desired if isinstance(desired, list) else [desired]),
    )
    return ConsumerLink(session, attach, address=address, reading=reading)


def _start(source: Described | None) -> Start:
    fields = source.value if source is not None else None
    filters = fields[FILTER_FIELD] if isinstance(fields, list) and len(fields) > FILTER_FIELD else 0
    if not isinstance(filters, dict) or SELECTOR_FILTER not in filters:
        return FROM_BEGINNING
    selector = filters[SELECTOR_FILTER]
    value = selector.value if isinstance(selector, Described) else selector
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    return parse_selector(str(value))


def _check_busy(session: OwningSession, place: FaultTarget) -> None:
    if busy := session.connection.namespace.faults.take(BusyAttach, place):
        raise AmqpError(busy.condition, busy.description)
