"""Health, metering and completeness. Knows no other resource."""
