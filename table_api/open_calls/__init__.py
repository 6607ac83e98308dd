"""The calls that wait for their other half. Imports `storage` alone; knows no ledger."""
