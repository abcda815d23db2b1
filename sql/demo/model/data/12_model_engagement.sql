-- Engagements with models: the source of the long frozen favoriteCount only.
INSERT INTO "ModelEngagement" ("userId", "modelId", type, "createdAt")
SELECT demo.actor(p.id, j, p.size, 1201), p.id,
       (ARRAY['Favorite', 'Favorite', 'Notify', 'Hide', 'Mute'])[1 + (p.before + j) %
           5]::"ModelEngagementType",
       demo.moment(p.before + j, 1203, p.born)
FROM demo.popular(:models, :model_engagements, :actors, 1204) AS p, generate_series(1, p.size) AS j;
