"""Tests of consumers/gateway_check."""
