"""Tests of the rating engine and its book."""
