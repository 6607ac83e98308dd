"""Adds everything up again with code of its own. Imports `storage` alone."""
