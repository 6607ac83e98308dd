"""Completed calls go to the partitions that the gateway's own events go to."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from azure.eventhub import EventData

from consumers.pairing.hub_publisher import HubPublisher
from pricing_rules.decoding.hub_partition import partition_of
from pricing_rules.types import CountedAt
from table_api.open_calls.decision import Decision
from tests.fixtures.builders import CALL_TIME, call_id
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests/fixtures/partition_keys.json").read_text("utf-8"))
"""The policies and the local gateway are held to the same."""
PARTITIONS = 32


class Hub:
    """Takes the place of the SDK's client, which needs a connection."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[str]]] = []

    async def get_partition_ids(self) -> list[str]:
        return [str(number) for number in range(PARTITIONS)]

    async def create_batch(self, *, partition_id: str) -> "Batch":
        return Batch(partition_id)

    async def send_batch(self, batch: "Batch") -> None:
        self.sent.append((batch.partition, batch.bodies))


class Batch:
    def __init__(self, partition: str) -> None:
        self.partition = partition
        self.bodies: list[str] = []

    def add(self, event: EventData) -> None:
        self.bodies.append(event.body_as_str())


def decisions(subjects: Sequence[str]) -> list[Decision]:
    return [
        Decision(
            call_id=call_id(number),
            number=1,
            place=CountedAt(subject, CALL_TIME),
            strength=(1, 1),
            event=f"{number}",
        )
        for number, subject in enumerate(subjects)
    ]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["key"][:40])
async def test_the_partition_is_that_of_the_gateways_key(vector: dict[str, Any]) -> None:
    hub = Hub()
    await HubPublisher(hub).publish(decisions([vector["subject"]]))  # type: ignore[arg-type]
    assert hub.sent == [(str(partition_of(vector["key"], PARTITIONS)), ["0"])]


async def test_events_of_one_subject_are_sent_together_and_in_order() -> None:
    hub, long = Hub(), "subscription:" + "s" * 200
    await HubPublisher(hub).publish(decisions(["a", long, "a", long]))  # type: ignore[arg-type]
    assert [bodies for _, bodies in hub.sent] == [["0", "2"], ["1", "3"]]


async def test_events_of_many_subjects_take_one_batch_a_partition() -> None:
    hub, subjects = Hub(), [f"user-{number}" for number in range(1_000)]
    await HubPublisher(hub).publish(decisions(subjects))  # type: ignore[arg-type]
    assert len(hub.sent) == PARTITIONS
    assert sorted(int(body) for _, bodies in hub.sent for body in bodies) == list(range(1_000))
