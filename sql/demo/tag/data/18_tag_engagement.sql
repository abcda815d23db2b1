-- Followed, hidden and (deprecated) allowed tags.
INSERT INTO "TagEngagement" ("userId", "tagId", type, "createdAt")
SELECT demo.actor(p.id, j, p.size, 1801), p.id,
       (ARRAY['Allow', 'Follow', 'Follow', 'Hide', 'Hide', 'Follow', 'Follow', 'Hide', 'Follow',
           'Follow'])[
           1 + (p.before + j) % 10]::"TagEngagementType",
       demo.moment(p.before + j, 1803, p.born)
FROM demo.popular(:tags, :tag_engagements, :actors, 1804) AS p, generate_series(1, p.size) AS j;
