"""Who may spend what: client keys now, limits and budgets when they come."""
