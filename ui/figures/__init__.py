"""Figures that pages work out of the API's totals: comparisons, a forecast, tips. Pure."""
