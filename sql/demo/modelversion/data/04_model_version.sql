-- Versions: most models have one, some none or many; drafts, unpublished and deleted ones among
-- them. The last two are the injected resources whose generations the legacy processor never
-- counts.
INSERT INTO "ModelVersion" (id, name, "modelId", "createdAt", "updatedAt", "publishedAt", status)
SELECT demo.id(i),
       'v' || i,
       demo.id(demo.model_of(i)),
       demo.at(demo.born(i, :versions)),
       demo.at(demo.born(i, :versions)),
       CASE WHEN i % 9 NOT IN (4, 7) THEN demo.at(demo.born(i, :versions)) END,
       CASE WHEN i % 31 = 11 THEN 'Deleted' WHEN i % 9 = 4 THEN 'Draft' WHEN i % 9 = 7
           THEN 'Unpublished'
            ELSE 'Published' END::"ModelStatus"
FROM generate_series(1, :versions::bigint) AS i
UNION ALL
SELECT v.id, 'injected', demo.id(1), demo.at(0.7), demo.at(0.7), demo.at(0.7), 'Published'
FROM (VALUES (391999), (424706)) AS v (id)
WHERE v.id > demo.id(:versions);
