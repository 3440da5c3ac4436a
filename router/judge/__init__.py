"""Whether JSON fits a JSON schema, judged in a process of its own: clients choose the schemas."""
