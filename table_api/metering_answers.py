"""The state of metering as the API spells it. Pure."""

from table_api import responses
from table_api.metering_status import MeteringStatus


def metering_answer(status: MeteringStatus) -> responses.Metering:
    """The answer of /v1/metering."""
    audit = status.audit
    return responses.Metering(
        partitions=[
            responses.PartitionProgress(
                hub=row.hub,
                consumer_group=row.group,
                partition=row.partition,
                sequence_number=row.sequence_number,
                enqueued_time=row.enqueued_time,
                recorded_at=row.recorded_at,
                counts=dict(row.counts),
            )
            for row in status.partitions
        ],
        totals=dict(status.totals),
        dead_letters_open=status.dead_letters_open,
        audit=None
        if audit is None
        else responses.Audit(
            at=audit.at,
            ok=audit.ok,
            calls=audit.calls,
            cells=audit.cells,
            moving=audit.moving,
            problems=list(audit.problems),
        ),
    )
