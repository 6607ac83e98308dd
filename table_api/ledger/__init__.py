"""Chains of calls and their daily cells, each counted once. Imports `storage` alone."""
