"""Connections, sessions and links. Imports `store` and `faults`."""
