"""What the page of prices is made of: a calculator, what lacks a price, the book and its past."""
