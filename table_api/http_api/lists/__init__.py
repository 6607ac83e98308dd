"""Every list of the API as CSV and as a workbook, made from its JSON. Knows no resource."""
