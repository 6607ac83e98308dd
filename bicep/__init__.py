"""What the product runs on: Bicep files, the tables that they share with the code, and hooks."""
