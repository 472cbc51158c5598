"""The commands of `rollway`, one module a family; each is imported when it is called."""
