"""Invoices, statements and the preview of a month. Knows no other resource."""
