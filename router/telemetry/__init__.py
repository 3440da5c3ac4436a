"""Log lines, from an allow-list of fields."""
