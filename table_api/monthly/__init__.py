"""The projection for lists over everybody. Imports `ledger` and `usage`."""
