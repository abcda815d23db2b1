"""One partition, from the source into the target; ``pipeline.materialize`` tells the story."""
