"""Event Hubs in, ledger out: decode, rate, post, pair, replay and re-rate. Not the keys or rows."""
