"""The host's half: downloads, installs, runs hook scripts, and resumes."""
