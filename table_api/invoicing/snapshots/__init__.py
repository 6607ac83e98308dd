"""What a close keeps of a month, and what changed since. Imports the ledger and its reads."""
