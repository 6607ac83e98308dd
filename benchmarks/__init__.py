"""Measurements. Each module prints what it measured beside a reference of the same run."""
