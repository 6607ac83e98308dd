"""A row of the ledger as the facts of its event. Pure.

What is not known makes no attribute: a call without a price has no charge, rather than 0.
"""

from collections.abc import Iterable, Mapping

from pricing_rules.money import format_pico
from pricing_rules.types import CallState, Operation, PricedCall
from pricing_rules.units import OUTPUT_UNITS, PROMPT_UNITS, Unit
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.ledger.measures import QUANTITY_COLUMNS
from table_api.ledger.recorded_call import recorded_call
from table_api.storage.timestamp import timestamp
from telemetry.exporting.call_event import CallFacts
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.names import GenAi, Own

OPERATION_NAMES = {
    Operation.CHAT_COMPLETIONS: "chat",
    Operation.RESPONSES: "chat",
    Operation.MESSAGES: "chat",
    Operation.COMPLETIONS: "text_completion",
    Operation.EMBEDDINGS: "embeddings",
}
"""The conventions have no word for the others; `chargeback.operation` has each exactly."""
_TOKENS = {
    GenAi.INPUT_TOKENS: PROMPT_UNITS,
    GenAi.OUTPUT_TOKENS: OUTPUT_UNITS,
    GenAi.CACHE_READ_TOKENS: {Unit.CACHE_READ, Unit.CACHE_READ_AUDIO, Unit.CACHE_READ_IMAGE},
    GenAi.CACHE_CREATION_TOKENS: {Unit.CACHE_WRITE_5M, Unit.CACHE_WRITE_1H},
}
_TOKEN_COLUMNS = {
    name.value: tuple(QUANTITY_COLUMNS[unit] for unit in units) for name, units in _TOKENS.items()
}


def call_facts(entry: LedgerEntry, names: Pseudonyms) -> CallFacts:
    """The event of one row. It holds no prompt, no key, and no name of a person."""
    call = recorded_call(entry)
    priced, event = call.priced, call.priced.event
    pico = entry.measures.get("charge", 0) if entry.has_cost else None
    facts: dict[str, str | None] = {
        Own.ENTRY.value: names.entry(CallAddress(entry.partition, entry.entry_key).opaque_id),
        Own.REVISION.value: str(entry.number),
        Own.CALL_ID.value: entry.call_id,
        Own.TIME.value: timestamp(event.time),
        Own.DAY.value: entry.day.isoformat(),
        Own.STATE.value: priced.state.value,
        Own.REASON.value: _reason(priced, names),
        Own.MODEL.value: entry.model,
        Own.CALLS.value: str(entry.measures.get("calls", 0)),
        Own.CHARGE.value: None if pico is None else format_pico(pico),
        Own.CHARGE_PICO.value: None if pico is None else str(pico),
        Own.CURRENCY.value: priced.pricing_currency,
        Own.BOOK.value: priced.book_version,
        Own.RULE.value: priced.base_rule_id,
        Own.COST_CENTRE.value: priced.cost_centre,
        Own.OPERATION.value: event.operation.value,
        Own.STATUS.value: str(event.status),
        Own.STREAM.value: "true" if event.stream else "false",
        Own.API.value: event.api,
        Own.PRODUCT.value: event.caller.product,
        Own.SUBSCRIPTION.value: event.caller.subscription,
        Own.REGION.value: event.region,
        Own.CORRECTION.value: entry.correction,
        Own.RUN.value: entry.run,
        Own.COMPLETED_FROM.value: ",".join(event.completed_from) or None,
        Own.ENQUEUED_AT.value: timestamp(call.origin.enqueued_time),
        Own.RECORDED_AT.value: timestamp(entry.recorded_at),
        Own.HUB_PARTITION.value: call.origin.partition,
        Own.SEQUENCE_NUMBER.value: str(call.origin.sequence_number),
        GenAi.OPERATION.value: OPERATION_NAMES.get(event.operation),
        GenAi.PROVIDER.value: priced.provider,
        GenAi.REQUEST_MODEL.value: event.deployment,
        GenAi.RESPONSE_MODEL.value: event.model,
        GenAi.RESPONSE_ID.value: event.response_id,
        GenAi.REASONING_TOKENS.value: _count([event.usage.reasoning if event.usage else 0]),
        **_tokens(entry.measures),
    }
    return CallFacts(
        call_id=entry.call_id,
        time=event.time,
        user=names.subject(entry.subject),
        session=event.session,
        traceparent=event.traceparent,
        charge=None if pico is None else format_pico(pico),
        facts={name: value for name, value in facts.items() if value is not None},
    )


def _reason(priced: PricedCall, names: Pseudonyms) -> str | None:
    """Where a moved call is counted names its subject, which a key is to hide."""
    return None if priced.state is CallState.MOVED and names.hide else priced.reason


def _tokens(measures: Mapping[str, int]) -> dict[str, str | None]:
    return {
        name: _count(measures.get(column, 0) for column in columns)
        for name, columns in _TOKEN_COLUMNS.items()
    }


def _count(counts: Iterable[int]) -> str | None:
    """None where nothing was counted: most calls have no cached tokens."""
    total = sum(counts)
    return str(total) if total else None
