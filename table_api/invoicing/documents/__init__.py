"""Invoices and statements as values, from a snapshot alone. Imports `snapshots`."""
