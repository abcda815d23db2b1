"""What is loaded, held against the source and the legacy counters; what no grid or pair covers."""
