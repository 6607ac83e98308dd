"""The four views of the page usage. Imports `parts`."""
