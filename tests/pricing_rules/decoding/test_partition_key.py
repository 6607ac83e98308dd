"""The partition key of a subject: one rule for the gateway, the local gateway and pairing."""

import json
from typing import Any

import pytest

from pricing_rules.decoding.wire_event import PARTITION_KEY_CHARS_MAX, partition_key
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests/fixtures/partition_keys.json").read_text("utf-8"))
"""The policies are held to the same vectors: tests/apim_policies/test_policies.py."""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["key"][:40])
def test_key_is_that_of_the_vector(vector: dict[str, Any]) -> None:
    assert partition_key(vector["subject"]) == vector["key"]


def test_vectors_are_on_both_sides_of_the_bound_and_no_key_passes_it() -> None:
    sizes = {len(vector["subject"].encode("utf-16-le")) // 2 for vector in VECTORS}
    assert {PARTITION_KEY_CHARS_MAX, PARTITION_KEY_CHARS_MAX + 1} <= sizes
    assert all(
        len(vector["key"].encode("utf-16-le")) <= 2 * PARTITION_KEY_CHARS_MAX for vector in VECTORS
    )
