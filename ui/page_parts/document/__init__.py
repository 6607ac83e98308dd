"""What the page of invoices is made of: documents, their parts, a preview, and two months."""
