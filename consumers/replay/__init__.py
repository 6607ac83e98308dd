"""Reads old events again through the same posting. Imports `metering` and `rerating`."""
