"""Tests mirror the tree; each is named as the claim it proves."""
