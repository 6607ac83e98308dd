"""Selectors as the Azure clients write them."""

import pytest

from local_stack.broker.errors import AmqpError
from local_stack.broker.store.selector import Start, StartField, parse_selector


@pytest.mark.parametrize(
    ("expression", "start"),
    [
        (
            "amqp.annotation.x-opt-offset > '-1'",
            Start(field=StartField.OFFSET, value=-1, inclusive=False),
        ),
        (
            "amqp.annotation.x-opt-offset > '@latest'",
            Start(field=StartField.OFFSET, value=None, inclusive=False),
        ),
        (
            "amqp.annotation.x-opt-sequence-number >= '12'",
            Start(field=StartField.SEQUENCE_NUMBER, value=12, inclusive=True),
        ),
        (
            "amqp.annotation.x-opt-enqueued-time > '1700000000000'",
            Start(field=StartField.ENQUEUED_TIME, value=1_700_000_000_000, inclusive=False),
        ),
    ],
)
def test_a_comparison_is_read(expression: str, start: Start) -> None:
    assert parse_selector(expression) == start


@pytest.mark.parametrize(
    "expression",
    ["", "amqp.annotation.x-opt-offset < '5'", "amqp.annotation.x-opt-offset > 'five'", "1 = 1"],
)
def test_anything_else_is_an_argument_error(expression: str) -> None:
    with pytest.raises(AmqpError, match="argument-error"):
        parse_selector(expression)
