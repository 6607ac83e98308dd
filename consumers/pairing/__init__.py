"""Joins what the gateway's policy and its log say about a call, and completes the call from it."""
