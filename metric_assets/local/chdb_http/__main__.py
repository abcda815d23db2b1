"""`python -m metric_assets.local.chdb_http --home FOLDER --port PORT`: the server's process."""

from metric_assets.local.chdb_http.process import main

main()
