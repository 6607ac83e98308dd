"""What services of Azure want beyond the types that Microsoft publishes."""
