"""What others quote for Azure: read, compared with the book, and how much of it we price."""
