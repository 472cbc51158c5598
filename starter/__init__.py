"""The client: the `rollway` command line and the functions behind it."""
