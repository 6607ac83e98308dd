"""Smoke tests of a deployed gateway: a few calls, and what both hubs say of them."""
