"""Proves a closed month from its own files. Imported by `verbs`."""
