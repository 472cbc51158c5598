"""Bringing bundles to this host: from its own disk, or by a process of their own from afar."""
