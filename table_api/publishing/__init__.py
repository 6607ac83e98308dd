"""The ledger as events of Application Insights: every row once. Imports `ledger` and `monthly`."""
