"""Proposes rules from published prices. Imports `price_book`."""
