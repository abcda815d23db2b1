-- One column of it.
coalesce(sum(t.total) FILTER (WHERE t."metricType" = :metric), 0) / f.share
