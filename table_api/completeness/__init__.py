"""What each of the two paths missed. Imports the reads below it."""
