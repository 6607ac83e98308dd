"""The eight questions that are asked of Application Insights, and the client that asks them."""
