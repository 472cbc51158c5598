"""Where bundles are read from: S3, GitHub and web servers.

The control plane pins with them, and agents fetch with them, in a process of its own. So they know
neither Temporal nor pydantic, and load the AWS library only for S3.
"""
