"""Logs and metrics of every process: one line with an action, one metric with a name."""
