"""What the command line, Dagster and tests call: backfills, dry runs, repairs, grids."""
