"""Documents as CSV, PDF and XLSX. Imports `documents`."""
