"""A model of histories: platforms that live, loads in between, and whether counters come out right."""
