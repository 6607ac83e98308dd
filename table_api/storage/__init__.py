"""Table and Blob Storage as this project uses them. Imports `errors` alone."""
