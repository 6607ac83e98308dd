"""Documents as FOCUS rows. Imports `documents`."""
