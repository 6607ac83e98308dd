"""Invoices: a closed month as one snapshot, and documents that are pure functions of it."""
