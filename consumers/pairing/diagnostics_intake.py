"""What pairing does with a batch of the gateway's diagnostic log."""

import msgspec

from consumers.dead_letters.letter_store import Letter, only_letter
from consumers.gateway_log.decode import BadRecord, decode_diagnostics
from consumers.gateway_log.message_text import without_messages
from consumers.pairing.intake import IGNORED, KEPT, Batch, Intake
from consumers.receiving.handler import DEAD_LETTERED, MakeDurable, Received, Sender
from pricing_rules.decoding.invalid_event import unexpected

GATEWAY = Sender("the gateway's log")


class DiagnosticsIntake(Intake):
    """The hub of the gateway's diagnostic log."""

    def set_aside(self, partition: str, received: Received, error: Exception) -> MakeDurable:
        """See Handler. Neither the letter nor its reason repeats what people and models said."""
        kept = msgspec.structs.replace(received, body=without_messages(received.body))
        letter = self._letter(partition, kept, unexpected(error, None, quote=False))
        return only_letter(self._dead_letters, letter, GATEWAY)

    def _take(self, batch: Batch, partition: str, received: Received) -> None:
        found = decode_diagnostics(
            received.body,
            enqueued_time=received.enqueued_time,
            oldest=self._pairing.oldest(received),
        )
        for call_id, fact in found.facts:
            self._keep(batch, received, call_id, fact)
        if found.bad:
            batch.letters += [self._unsaid(partition, received, bad) for bad in found.bad]
            if not all(bad.invalid.is_odd_usage for bad in found.bad):
                batch.braking.append(GATEWAY)
            batch.counts.append(DEAD_LETTERED)
        else:
            batch.counts.append(KEPT if found.facts else IGNORED)

    def _unsaid(self, partition: str, received: Received, bad: BadRecord) -> Letter:
        """Neither the letter nor its reason repeats what people and models said."""
        invalid, body = bad.invalid, without_messages(bad.body)
        if body != bad.body:
            again = decode_diagnostics(
                body,
                enqueued_time=received.enqueued_time,
                oldest=self._pairing.oldest(received),
            )
            invalid = again.bad[0].invalid if again.bad else invalid
        kept = msgspec.structs.replace(received, body=body)
        return self._letter(partition, kept, invalid)
