"""A staged price is a rated call without its event: a field of one is a field of the other."""

from typing import get_type_hints

from pricing_rules.types import PricedCall
from table_api.ledger.chain_changes import Repricing
from tests.fixtures.calls import make_call


def test_repricing_has_all_of_a_priced_call_but_its_event() -> None:
    of_priced = get_type_hints(PricedCall)
    del of_priced["event"]
    assert get_type_hints(Repricing) == of_priced


def test_price_put_onto_its_event_is_the_rated_call() -> None:
    priced = make_call().priced
    assert Repricing.of(priced).onto(priced.event) == priced
