"""Every name of an event, a span and an attribute; docs/telemetry.md lists them. Metrics have
`metrics.py`.

The semantic conventions moved the `gen_ai` names to a repository without a Python package, so they
are spelled here; a test compares them with the installed package while it still has them.
"""

from enum import StrEnum

NAMESPACE = "llm-chargeback"
"""`service.namespace` of every process."""


class EventName(StrEnum):
    """Custom events of Application Insights."""

    CALL = "chargeback.call"
    """One row of the ledger: an entry or a correction."""


class SpanName(StrEnum):
    """Spans of our own processes. None is made per call."""

    BATCH = "chargeback.batch"
    """One batch of a partition, until it is durable."""
    SWEEP = "chargeback.pairing.sweep"
    """One sweep of the calls that wait for their usage."""
    CLOSE = "chargeback.invoice.close"
    """The close of a month."""
    RERATE = "chargeback.rerate.apply"
    """A re-rating run that is applied."""
    REVERT = "chargeback.rerate.revert"
    """A re-rating run that is undone."""
    REPLAY = "chargeback.replay"
    """A replay."""
    AUDIT = "chargeback.ledger.audit"
    """An audit of the ledger."""
    RATE = "chargeback.rate"
    """One request for prices of calls."""
    PUBLISH = "chargeback.publish"
    """One pass of the publisher."""


class GenAi(StrEnum):
    """Attributes of the GenAI semantic conventions."""

    OPERATION = "gen_ai.operation.name"
    """`chat`, `text_completion` or `embeddings`; others have no word in the conventions."""
    PROVIDER = "gen_ai.provider.name"
    REQUEST_MODEL = "gen_ai.request.model"
    """The deployment, as the caller named it."""
    RESPONSE_MODEL = "gen_ai.response.model"
    RESPONSE_ID = "gen_ai.response.id"
    INPUT_TOKENS = "gen_ai.usage.input_tokens"
    """The whole prompt, cached tokens included."""
    OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
    CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
    CACHE_CREATION_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
    REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
    TOKEN_TYPE = "gen_ai.token.type"
    """`input` or `output`, of the metric of tokens."""


class Person(StrEnum):
    """Attributes that Application Insights turns into columns of their own."""

    SESSION = "session.id"
    """Column SessionId: the caller's word, so a session is always (subject, session)."""
    PSEUDONYM = "enduser.pseudo.id"
    """Column UserId: the subject, or its pseudonym where a key is set."""


class Microsoft(StrEnum):
    """Attributes that the Azure Monitor exporter acts by."""

    EVENT_NAME = "microsoft.custom_event.name"
    MEASUREMENTS = "microsoft.custom_measurements"
    """A JSON object of numbers."""


class Own(StrEnum):
    """Attributes of `chargeback.call`."""

    ENTRY = "chargeback.entry"
    """The opaque id of the call at /v1/calls/{id}, or its pseudonym where a key is set."""
    REVISION = "chargeback.revision"
    """0 is the entry, n its n-th correction. (entry, revision) names an item."""
    CALL_ID = "chargeback.call.id"
    TIME = "chargeback.time"
    """When the request reached the gateway. The item's own time may be later."""
    DAY = "chargeback.day"
    """The charge day in the billing zone."""
    STATE = "chargeback.state"
    REASON = "chargeback.reason"
    MODEL = "chargeback.model"
    """As the call's cell names it."""
    CALLS = "chargeback.calls"
    """1; 0 of a call that counts elsewhere."""
    CHARGE = "chargeback.charge"
    """What the call costs after this row: exact decimal text, and a number for charts."""
    CHARGE_PICO = "chargeback.charge.pico"
    """The same in pico-units, for sums."""
    CURRENCY = "chargeback.currency"
    BOOK = "chargeback.book"
    RULE = "chargeback.rule"
    COST_CENTRE = "chargeback.cost_centre"
    OPERATION = "chargeback.operation"
    STATUS = "chargeback.status"
    STREAM = "chargeback.stream"
    API = "chargeback.api"
    PRODUCT = "chargeback.product"
    SUBSCRIPTION = "chargeback.subscription"
    REGION = "chargeback.region"
    CORRECTION = "chargeback.correction"
    """Why the chain went on."""
    RUN = "chargeback.run"
    COMPLETED_FROM = "chargeback.completed_from"
    ENQUEUED_AT = "chargeback.enqueued_at"
    RECORDED_AT = "chargeback.recorded_at"
    HUB_PARTITION = "chargeback.hub_partition"
    SEQUENCE_NUMBER = "chargeback.sequence_number"
    """Within the range of the batch's span that metered it."""


class OfSpan(StrEnum):
    """Attributes of spans."""

    PARTITION = "chargeback.partition"
    FIRST_SEQUENCE_NUMBER = "chargeback.first_sequence_number"
    LAST_SEQUENCE_NUMBER = "chargeback.last_sequence_number"
    EVENTS = "chargeback.events"
    RUN = "chargeback.run"
    MONTH = "chargeback.month"
    CALLS = "chargeback.calls"
    BEFORE = "chargeback.before"
    AFTER = "chargeback.after"
    CURRENCY = "chargeback.currency"
    INVOICES = "chargeback.invoices"
    PROBLEMS = "chargeback.problems"
    ROWS = "chargeback.rows"
    CHARGE = "chargeback.charge"
    UNPRICED = "chargeback.unpriced"


OUTCOME_PREFIX = "chargeback.outcome."
"""A batch has one count per outcome, such as `chargeback.outcome.posted`."""
