"""The HTTP admin port."""

import base64

import httpx
import pytest

from local_stack.broker import Broker
from local_stack.broker.faults.faults import FAULTS, Freeze
from tests.paths import ROOT

DOCS = ROOT / "docs" / "broker.md"


@pytest.fixture
def admin(broker: Broker) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=broker.admin_url)


async def test_health_is_healthy(admin: httpx.AsyncClient) -> None:
    async with admin:
        assert (await admin.get("/health")).json() == {"status": "healthy"}


async def test_hubs_are_filled_and_listed(broker: Broker, admin: httpx.AsyncClient) -> None:
    async with admin:
        text = {"bodies": ["ä", "b"], "partition": "1", "properties": {"k": "v"}}
        stored = (await admin.post("/hubs/h/events", json=text)).json()
        assert stored == {"partition": "1", "last_sequence_number": 1}
        raw = {"bodies": [base64.b64encode(b"\xff").decode()], "encoding": "base64"}
        await admin.post("/hubs/h/events", json=raw | {"partition": "1"})
        assert [event.body for event in broker.read("h", "1")] == ["ä".encode(), b"b", b"\xff"]
        hubs = (await admin.get("/hubs")).json()
        stats = (await admin.get("/stats")).json()
    assert hubs[0]["partitions"][1] | {"size_bytes": 0} == {
        "id": "1",
        "first_sequence_number": 0,
        "last_sequence_number": 2,
        "events": 3,
        "size_bytes": 0,
    }
    assert stats["events_in"] == 3


async def test_every_fault_can_be_made_listed_and_cleared(
    broker: Broker, admin: httpx.AsyncClient
) -> None:
    needed = {"clock": {"shift_s": 60}, "throttle": {"events_per_s": 5}}
    async with admin:
        for name in FAULTS:
            answer = await admin.post(f"/faults/{name}", json=needed.get(name, {}))
            assert answer.status_code == 200, (name, answer.text)
        waiting = {fault["name"] for fault in (await admin.get("/faults")).json()}
        assert waiting < set(FAULTS)
        assert {"freeze", "clock", "black-hole"} <= waiting
        await admin.delete("/faults")
        assert (await admin.get("/faults")).json() == []


async def test_a_fault_keeps_what_it_was_told(broker: Broker, admin: httpx.AsyncClient) -> None:
    async with admin:
        await admin.post("/faults/freeze", json={"hub": "h", "partition": "1"})
    assert broker.namespace.faults.waiting == (Freeze(hub="h", partition="1"),)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/faults/freez", {}, 404, "'freez'"),
        ("/faults/freeze", {"hubs": "h"}, 400, "hubs"),
        ("/faults/busy-send", {"times": 0}, 400, "times"),
        ("/faults/recreate", {"hub": "absent"}, 404, "absent"),
        ("/hubs/absent/events", {"bodies": []}, 404, "absent"),
        ("/hubs/h/events", {"bodies": ["x"], "partition": "7"}, 404, "'7'"),
        ("/hubs/h/events", {"bodies": ["?"], "encoding": "base64"}, 400, "base64"),
    ],
)
async def test_a_request_that_cannot_be_done_says_why(
    admin: httpx.AsyncClient, path: str, body: object, status: int, words: str
) -> None:
    async with admin:
        answer = await admin.post(path, json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]


async def test_a_page_that_names_another_host_is_refused(admin: httpx.AsyncClient) -> None:
    async with admin:
        answer = await admin.get("/health", headers={"Host": "evil.example"})
    assert answer.status_code == 403


def test_every_fault_and_its_fields_are_documented() -> None:
    documented = DOCS.read_text(encoding="utf-8")
    for name, kind in FAULTS.items():
        row = next((line for line in documented.splitlines() if f"| `{name}` |" in line), None)
        assert row is not None, f"docs/broker.md has no row for the fault {name}"
        own = set(kind.__struct_fields__) - {"hub", "partition", "group", "times"}
        missing = [field for field in own if f"`{field}`" not in row]
        assert not missing, f"docs/broker.md does not explain {missing} of {name}"
