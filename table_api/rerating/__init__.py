"""Runs that price recorded calls again. Imports `ledger`, `people` and `usage`."""
