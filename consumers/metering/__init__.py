"""Events to the ledger: decode, rate, post. Imports `receiving` and `running`."""
