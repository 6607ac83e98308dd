"""Events out of a hub, in batches, with checkpoints. Could feed any ledger."""
