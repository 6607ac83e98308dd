"""The verb price: what one call costs."""

import json
from argparse import ArgumentTypeError, Namespace
from decimal import Decimal

from pricing_rules.engine.explain import explain
from pricing_rules.engine.what_if import OPERATION_NAMES, Question, answer, as_document
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import load_book
from pricing_rules.types import CallState


def usage_object(text: str) -> dict[str, object]:
    """A usage object given on the command line; its decimals stay exact."""
    try:
        usage = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"is no JSON: {error}") from error
    if not isinstance(usage, dict):
        raise ArgumentTypeError(f"is {type(usage).__name__}, expected an object")
    return usage


def price(arguments: Namespace) -> int:
    """Rate one usage object. An unpriced call is an answer, not a failure: exit 0."""
    book = load_book(arguments.book)
    question = Question(
        model=arguments.model,
        provider=arguments.provider,
        usage=arguments.usage,
        operation=OPERATION_NAMES[arguments.api],
        deployment_type=arguments.deployment_type,
        service_tier=arguments.service_tier,
        region=arguments.region,
        product=arguments.product,
        cost_centre=arguments.cost_centre,
        at=arguments.at,
    )
    call = answer(question, book)
    if arguments.json:
        print(json.dumps(as_document(call), indent=2))
    elif arguments.explain:
        print(explain(call))
    elif call.state in (CallState.PRICED, CallState.ZERO):
        print(f"{format_pico(call.billed)} {call.billing_currency}")
    else:
        print(f"{call.state}: {call.reason}")
    return 0
