"""A local Application Insights: takes what exporters send, and answers KQL over it."""
