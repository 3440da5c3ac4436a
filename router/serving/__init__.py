"""The process around the app: it listens, serves, and ends without losing anything."""
