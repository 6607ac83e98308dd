"""Rows of Azure's price list: fetched, compared, read by rules, proposed to the book."""
