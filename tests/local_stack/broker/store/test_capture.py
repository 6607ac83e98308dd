"""Capture files as the service writes them: schema, names, one file per partition and time."""

import json
from pathlib import Path
from typing import Any

import fastavro
import httpx

from local_stack.broker import BrokerConfig, HubConfig, running_broker

CONFIG = BrokerConfig(hubs=(HubConfig(name="hub", partitions=2, consumer_groups=("g",)),))
FIELDS = [
    "SequenceNumber", "Offset", "EnqueuedTimeUtc", "SystemProperties", "Properties", "Body",
]  # fmt: skip


def read(path: Path) -> tuple[Any, list[Any]]:
    """Schema and records of a file."""
    with path.open("rb") as stream:
        reader = fastavro.reader(stream)
        return json.loads(reader.metadata["avro.schema"]), list(reader)


async def test_captured_file_holds_each_event_in_the_services_schema(tmp_path: Path) -> None:
    async with running_broker(config=CONFIG) as broker:
        broker.append("hub", [b"a", b"\x00\xff"], partition="1", properties={"kind": "x"})
        [path] = broker.capture("hub", tmp_path)
        [first, second] = broker.read("hub", "1")
    time = first.enqueued_time
    expected = f"localhost/hub/1/{time:%Y/%m/%d/%H/%M/%S}.avro"
    assert path.relative_to(tmp_path).as_posix() == expected
    schema, records = read(path)
    assert schema["name"] == "Microsoft.ServiceBus.Messaging.EventData"
    assert [field["name"] for field in schema["fields"]] == FIELDS
    assert [record["Body"] for record in records] == [b"a", b"\x00\xff"]
    assert records[1]["SequenceNumber"] == second.sequence_number
    assert records[1]["Offset"] == str(second.offset)
    assert records[0]["Properties"] == {"kind": "x"}
    system = records[0]["SystemProperties"]
    assert system["x-opt-sequence-number"] == first.sequence_number
    assert system["x-opt-enqueued-time"] == round(time.timestamp() * 1000)
    assert records[0]["EnqueuedTimeUtc"].startswith(f"{time.month}/{time.day}/{time.year} ")


async def test_each_capture_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    async with running_broker(config=CONFIG) as broker:
        broker.append("hub", [b"a"], partition="0")
        assert len(broker.capture("hub", tmp_path / "1")) == 1
        assert broker.capture("hub", tmp_path / "2") == []
        broker.append("hub", [b"b"], partition="0")
        async with httpx.AsyncClient(base_url=broker.admin_url) as admin:
            answer = await admin.post("/hubs/hub/capture", json={"directory": str(tmp_path / "3")})
    [file] = answer.json()["files"]
    assert [record["Body"] for record in read(Path(file))[1]] == [b"b"]
