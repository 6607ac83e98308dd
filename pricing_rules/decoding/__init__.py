"""Bytes of the hub to a UsageEvent, or why not. Imports `pricing_rules` alone."""
