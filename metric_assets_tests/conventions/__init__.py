"""Rules of the codebase, read from the files themselves."""
