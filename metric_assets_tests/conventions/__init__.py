"""Rules of the house, read from the files themselves."""
