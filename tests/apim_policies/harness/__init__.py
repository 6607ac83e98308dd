"""Tests of the harness with small policies of their own."""
