"""Who may see what of others, from which day to which. Imports `people`."""
