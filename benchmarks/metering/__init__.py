"""What metering costs: beside the bare SDK, the public samples, a small ledger, one process."""
