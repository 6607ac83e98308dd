"""What the page of re-rating runs is made of."""
