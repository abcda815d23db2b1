-- Gives keys and indexes of tables that several entities use. In all indexes.sql: those that the
-- platform's schema declares, no more and no fewer as far as the kept columns go. Repeatable.
ALTER TABLE "CommentV2" DROP CONSTRAINT IF EXISTS "CommentV2_pkey",
    ADD CONSTRAINT "CommentV2_pkey" PRIMARY KEY (id);
ALTER TABLE "Thread" DROP CONSTRAINT IF EXISTS "Thread_pkey",
    ADD CONSTRAINT "Thread_pkey" PRIMARY KEY (id);
ALTER TABLE "BuzzTip" DROP CONSTRAINT IF EXISTS "BuzzTip_pkey",
    ADD CONSTRAINT "BuzzTip_pkey" PRIMARY KEY ("entityType", "entityId", "fromUserId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_questionId_key"
    ON "Thread" ("questionId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_answerId_key"
    ON "Thread" ("answerId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_imageId_key"
    ON "Thread" ("imageId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_postId_key"
    ON "Thread" ("postId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_reviewId_key"
    ON "Thread" ("reviewId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_commentId_key"
    ON "Thread" ("commentId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_modelId_key"
    ON "Thread" ("modelId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_articleId_key"
    ON "Thread" ("articleId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_bountyId_key"
    ON "Thread" ("bountyId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_bountyEntryId_key"
    ON "Thread" ("bountyEntryId");
CREATE UNIQUE INDEX IF NOT EXISTS "Thread_clubPostId_key"
    ON "Thread" ("clubPostId");
CREATE INDEX IF NOT EXISTS "BuzzTip_toUserId_idx"
    ON "BuzzTip" ("toUserId");
CREATE INDEX IF NOT EXISTS "CommentV2_threadId_idx"
    ON "CommentV2" USING hash ("threadId");
CREATE INDEX IF NOT EXISTS "Thread_reviewId_idx"
    ON "Thread" USING hash ("reviewId");
CREATE INDEX IF NOT EXISTS "Thread_postId_idx"
    ON "Thread" USING hash ("postId");
CREATE INDEX IF NOT EXISTS "Thread_questionId_idx"
    ON "Thread" USING hash ("questionId");
CREATE INDEX IF NOT EXISTS "Thread_imageId_idx"
    ON "Thread" USING hash ("imageId");
CREATE INDEX IF NOT EXISTS "Thread_articleId_idx"
    ON "Thread" USING hash ("articleId");
CREATE INDEX IF NOT EXISTS "Thread_rootThreadId_idx"
    ON "Thread" USING hash ("rootThreadId");
