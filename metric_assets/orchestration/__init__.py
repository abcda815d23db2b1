"""The Dagster layer: nothing below imports Dagster, nothing here knows how a step is done."""
