"""What consumers keep beside the ledger. Imports `storage` alone."""
