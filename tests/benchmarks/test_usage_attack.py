"""Usage objects by the grammar of every provider: none is priced in silence, none is lost."""

import pytest

from benchmarks.attacks.usage import PRICED_PERCENT_MIN, attack
from benchmarks.attacks.usage_forms import FORMS

COUNT = 2_000


@pytest.mark.parametrize("seed", [20261129, 7])
def test_every_usage_object_becomes_what_its_grammar_says(seed: int) -> None:
    outcomes, failures = attack(seed, COUNT)
    assert failures == []
    assert outcomes["priced"] * 100 >= COUNT * PRICED_PERCENT_MIN
    assert len(FORMS) == 16
