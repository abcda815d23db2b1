"""Rules that no linter has, checked on the files themselves."""
