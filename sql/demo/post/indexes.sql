-- Gives keys and indexes of the tables of Post. Repeatable.
ALTER TABLE "Post" DROP CONSTRAINT IF EXISTS "Post_pkey",
    ADD CONSTRAINT "Post_pkey" PRIMARY KEY (id);
CREATE INDEX IF NOT EXISTS "Post_modelVersionId_idx"
    ON "Post" ("modelVersionId");
CREATE INDEX IF NOT EXISTS "Post_publishedAt_idx"
    ON "Post" ("publishedAt");
CREATE INDEX IF NOT EXISTS "PostMetric_postId_ageGroup_idx"
    ON "PostMetric" ("postId", "ageGroup");
