-- Gives keys and indexes of the tables of Model. Repeatable.
ALTER TABLE "Model" DROP CONSTRAINT IF EXISTS "Model_pkey",
    ADD CONSTRAINT "Model_pkey" PRIMARY KEY (id);
ALTER TABLE "ResourceReview" DROP CONSTRAINT IF EXISTS "ResourceReview_pkey",
    ADD CONSTRAINT "ResourceReview_pkey" PRIMARY KEY (id);
ALTER TABLE "Comment" DROP CONSTRAINT IF EXISTS "Comment_pkey",
    ADD CONSTRAINT "Comment_pkey" PRIMARY KEY (id);
ALTER TABLE "ModelEngagement" DROP CONSTRAINT IF EXISTS "ModelEngagement_pkey",
    ADD CONSTRAINT "ModelEngagement_pkey" PRIMARY KEY ("userId", "modelId");
CREATE UNIQUE INDEX IF NOT EXISTS "ResourceReview_modelVersionId_userId_key"
    ON "ResourceReview" ("modelVersionId", "userId");
CREATE INDEX IF NOT EXISTS "Model_status_nsfw_idx"
    ON "Model" (status, nsfw);
CREATE INDEX IF NOT EXISTS "ResourceReview_modelVersionId_idx"
    ON "ResourceReview" USING hash ("modelVersionId");
CREATE INDEX IF NOT EXISTS "ResourceReview_userId_idx"
    ON "ResourceReview" USING hash ("userId");
CREATE INDEX IF NOT EXISTS "Comment_modelId_idx"
    ON "Comment" USING hash ("modelId");
CREATE INDEX IF NOT EXISTS "Comment_parentId_idx"
    ON "Comment" USING hash ("parentId");
CREATE INDEX IF NOT EXISTS "ModelEngagement_modelId_idx"
    ON "ModelEngagement" USING hash ("modelId");
