"""Entity metric events: planned against the source, loaded into ClickHouse, verified.

Nothing lives here; each module says in its own docstring what belongs in it.
"""
