"""What the portal shows and watches, made from the queries: a Workbook, and rules of alerts."""
