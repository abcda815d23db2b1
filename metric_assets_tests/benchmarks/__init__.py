"""The benchmark: ratios measured in one run on the embedded stack (``make bench``)."""
