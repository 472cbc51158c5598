"""The order in which things happen: deterministic Temporal workflows."""
