"""The fault campaign in short: the same code with fewer calls, on real parts.

`python -m benchmarks.faults` is the long one; docs/reliability.md shows it.
"""

from dataclasses import replace
from functools import partial

import pytest

from benchmarks.faults.campaign import run_fault
from benchmarks.faults.catalogue import FAULTS, Fault
from benchmarks.faults.process_faults import kill
from local_stack.demo.azurite import AzuritePorts

EVENTS = 1_200
SHORT = [
    replace(FAULTS["kill"], strike=partial(kill, kills=3)),
    FAULTS["zombie"],
    FAULTS["rivals"],
    FAULTS["storage-mixed"],
    FAULTS["poison-entity"],
]


@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: fault.name)
async def test_every_call_counts_once_under(fault: Fault, own_azurite: AzuritePorts) -> None:
    line = await run_fault(fault, EVENTS, own_azurite.connection_string)
    assert line.problems == ()
    assert line.events >= EVENTS
    assert line.struck > 0
