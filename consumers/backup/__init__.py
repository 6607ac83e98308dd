"""Copies of tables and documents in a folder, and the way back into an empty account."""
