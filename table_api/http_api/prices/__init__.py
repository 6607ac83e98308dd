"""Prices over HTTP: what holds, who says so, and when that was checked."""
