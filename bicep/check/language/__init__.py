"""Bicep itself: trees, declarations, types, expressions and values."""
