"""The pages of whoever runs the system, one file per entry of the navigation."""
