"""Ledgers that earlier releases wrote, kept as they were."""
