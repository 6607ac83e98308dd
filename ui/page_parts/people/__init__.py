"""Lists of people and of cost centres, each with its change, share and days of activity."""
