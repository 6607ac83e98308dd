"""What pairing does with a batch of the gateway's diagnostic log."""

import msgspec

from consumers.dead_letters.letters import Letter, only_letter
from consumers.decoding.invalid_event import InvalidEvent, unexpected
from consumers.gateway_log.decode import decode_diagnostics
from consumers.gateway_log.message_text import without_messages
from consumers.pairing.intake import IGNORED, KEPT, Batch, Intake
from consumers.receiving.handler import DEAD_LETTERED, MakeDurable, Received, Sender

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
        if found.invalid is not None:
            batch.letters.append(self._unsaid(partition, received, found.invalid))
            if not found.invalid.is_odd_usage:
                batch.braking.append(GATEWAY)
            batch.counts.append(DEAD_LETTERED)
        else:
            batch.counts.append(KEPT if found.facts else IGNORED)

    def _unsaid(self, partition: str, received: Received, invalid: InvalidEvent) -> Letter:
        """Neither the letter nor its reason repeats what people and models said."""
        kept = msgspec.structs.replace(received, body=without_messages(received.body))
        if kept.body != received.body:
            oldest = self._pairing.oldest(received)
            again = decode_diagnostics(
                kept.body, enqueued_time=received.enqueued_time, oldest=oldest
            )
            invalid = again.invalid or invalid
        return self._letter(partition, kept, invalid)
