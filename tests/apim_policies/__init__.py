"""Tests of the policies, their checks and the harness that runs them."""
