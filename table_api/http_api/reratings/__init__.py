"""Runs of re-rating. Knows no other resource."""
