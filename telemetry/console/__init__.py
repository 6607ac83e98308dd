"""Calls as Application Insights has them, for operators who ask it without the API."""
