"""The verb price: what one call costs."""

import json
from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from pricing_rules.engine.explain import explain
from pricing_rules.engine.what_if import Question, answer, as_document, meant_deployment
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import load_book
from pricing_rules.types import CallState


def usage_object(text: str) -> dict[str, object]:
    """A usage object from the command line, with exact decimals. ValueError says what it is not."""
    try:
        usage = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{text!r} is not JSON ({error}); expected an object") from error
    if not isinstance(usage, dict):
        raise ValueError(f"{text!r} is {type(usage).__name__}; expected an object")
    return usage


def price(
    question: Question,
    files: Sequence[Path],
    *,
    origins: Collection[str],
    explained: bool,
    json_form: bool,
) -> int:
    """Rate one usage object. An unpriced call is an answer, not a failure: 0."""
    book = load_book(files, origins=origins)
    call = answer(question, book)
    if call.state is CallState.UNPRICED and (said := meant_deployment(question.model, book)):
        call = msgspec.structs.replace(call, reason=f"{call.reason}{said}")
    if json_form:
        print(json.dumps(as_document(call), indent=2))
    elif explained:
        print(explain(call))
    elif call.state in (CallState.PRICED, CallState.ZERO):
        print(f"{format_pico(call.billed)} {call.billing_currency}")
    else:
        print(f"{call.state}: {call.reason}")
    return 0
