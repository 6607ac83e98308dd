"""Prices of calls that are in no ledger: usage events, or a model's name and usage objects."""
