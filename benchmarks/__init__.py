"""Measurements. Each module prints what it measured and a reference from the same run."""
