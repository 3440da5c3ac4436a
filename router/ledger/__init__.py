"""What was spent: one row a request, committed before its last byte goes out."""
