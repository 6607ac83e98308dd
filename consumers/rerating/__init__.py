"""Prices recorded calls again with another book. Imports `metering`."""
