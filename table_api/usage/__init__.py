"""Reads of cells and calls. Imports `ledger` and `people`."""
