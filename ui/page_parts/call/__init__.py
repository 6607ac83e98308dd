"""What the page of one call shows. Imports `parts`."""
