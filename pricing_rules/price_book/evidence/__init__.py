"""Who served a call, by its aliases and by what the call itself says."""
