"""What Application Insights holds of calls, next to the ledger. Knows no other resource."""
