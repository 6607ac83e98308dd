"""Suites that every implementation of a seam must pass: in memory, and the real thing."""
