"""The vendors behind the ports of `activities`."""
