"""`rollway demo`: a fleet on this machine, deployed to, broken by a bad release, and healed."""
