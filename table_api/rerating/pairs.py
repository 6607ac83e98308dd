"""What a re-rating run makes of one call: price and evidence, beside what it found. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from pricing_rules.types import UsageEvent
from table_api.ledger.chain_changes import Repricing


class Pair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One staged change: before → after."""

    partition: str
    entry_key: str
    subject: str
    number: int = 0
    """Of the chain's last row, as found: a state that came back by a revert is another occasion."""
    before: str
    """Digest of the state that was found: `recorded_call.state_digest`."""
    after: Repricing
    event: UsageEvent | None = None
    """The report as it should have been read, where a replay reads it otherwise."""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Pair)


def encode_pairs(pairs: Iterable[Pair]) -> bytes:
    """A line of JSON each."""
    return b"".join(_ENCODER.encode(pair) + b"\n" for pair in pairs)


def decode_pairs(content: bytes) -> Iterator[Pair]:
    """The pairs of `encode_pairs`, one at a time."""
    for line in content.splitlines():
        yield _DECODER.decode(line)
