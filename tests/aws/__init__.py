"""The AWS that the tests talk to: an emulator as a process of its own, over HTTP."""
