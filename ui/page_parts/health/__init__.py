"""What the page Health is made of."""
