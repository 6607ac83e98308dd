"""What completeness counts and adds up, by name. Owns no number."""

from collections.abc import Mapping
from enum import StrEnum

from pricing_rules.types import Exclusion


class CallTally(StrEnum):
    """Which calls are counted. `gateway_calls` is the sum of `posted`, `waiting` and `refused`."""

    GATEWAY_CALLS = "gateway_calls"
    """Calls that at least one path told of."""
    LOGGED = "logged"
    """In the gateway's log."""
    USAGE_EVENTS = "usage_events"
    """Whose UsageEvent arrived."""
    POSTED = "posted"
    """Standing in the ledger."""
    COMPLETED = "completed"
    """Among posted: the UsageEvent came without usage, the log gave it."""
    RECOVERED = "recovered"
    """Among posted: the UsageEvent never came; trace and log stood in."""
    PENDING = "pending"
    """Among posted: made in the background, and not fetched yet."""
    CACHED = "cached"
    """Among posted and refused: answered from the gateway's cache, which costs nothing."""
    NO_USAGE = "no_usage"
    """Among posted: nobody reported usage."""
    FAILED = "failed"
    """Among no_usage: the call failed, so there is nothing to charge."""
    UNATTRIBUTED = "unattributed"
    """Among posted: nobody named the caller."""
    UNPRICED = "unpriced"
    """Among posted: usage is known, a price is not."""
    WITHOUT_CACHE_WRITES = "without_cache_writes"
    """Among posted: priced without the cache writes, which the log does not have."""
    WITHOUT_DETAILS = "without_details"
    """Among posted: priced without cached and reasoning tokens that contradicted the log."""
    WITHOUT_MODALITY = "without_modality"
    """Among posted: audio and images are priced as text."""
    WITHOUT_TOOL_FEES = "without_tool_fees"
    """Among posted: priced without fees of tools, which the log does not count."""
    WITHOUT_TIER = "without_tier"
    """Among posted: priced by the default tier, since nobody reported another."""
    ESTIMATED_TOKENS = "estimated_tokens"
    """Among posted: the gateway estimated the tokens."""
    ALIAS_UNCONFIRMED = "alias_unconfirmed"
    """Among posted: the alias alone says which model served."""
    WAITING = "waiting"
    """A half is missing, or metering has not posted it yet."""
    WAITING_FAILED = "waiting_failed"
    """Among waiting: the call failed."""
    REFUSED = "refused"
    """Nothing to charge and no row in the ledger: refused, or no model was reached."""
    REFUSED_UNREPORTED = "refused_unreported"
    """Among refused: no usage event came, and none was lost that anybody could charge."""
    DEAD_LETTERED = "dead_lettered"
    """Open dead letters of both hubs; a call of one may still stand by its other path."""
    COMPARED = "compared"
    """Calls whose tokens both paths told."""
    MISMATCHED = "mismatched"
    """Among compared: they told different sums."""
    TWO_CALLERS = "two_callers"
    """Whose reports name different callers or times: the usage event's stands."""
    COUNTED = "counted"
    """Served calls for text whose tokens the log counted."""
    ZERO_COMPLETIONS = "zero_completions"
    """Among counted: no completion token."""
    PRICED = "priced"
    """Among posted: has a price."""


class TokenTally(StrEnum):
    """Which tokens are added up: those of compared calls."""

    REPORTED_TOKENS = "reported_tokens"
    """By the model's usage."""
    LOGGED_TOKENS = "logged_tokens"
    """By the gateway's log."""


class ChargeTally(StrEnum):
    """Which charges are added up, in pico-units."""

    CHARGE = "charge"
    """Of the priced calls: with their number it gives the mean that estimates are made of."""
    RECOVERED_CHARGE = "recovered_charge"
    UNATTRIBUTED_CHARGE = "unattributed_charge"


ESTIMATED = (CallTally.WAITING, CallTally.NO_USAGE, CallTally.PENDING, CallTally.UNPRICED)
"""Calls without a cost, whose value can only be estimated; FAILED_AMONG are not."""
FAILED_AMONG: Mapping[CallTally, CallTally] = {
    CallTally.WAITING: CallTally.WAITING_FAILED,
    CallTally.NO_USAGE: CallTally.FAILED,
}
"""Which of these calls failed: they have no estimate."""
EXCLUDING: Mapping[str, CallTally] = {
    Exclusion.CACHE_WRITE: CallTally.WITHOUT_CACHE_WRITES,
    Exclusion.DETAILS: CallTally.WITHOUT_DETAILS,
    Exclusion.MODALITY: CallTally.WITHOUT_MODALITY,
    Exclusion.TOOL_FEES: CallTally.WITHOUT_TOOL_FEES,
    Exclusion.TIER: CallTally.WITHOUT_TIER,
    Exclusion.ESTIMATED: CallTally.ESTIMATED_TOKENS,
}
"""By what the charge leaves out."""
