"""What the page of prices works out."""
