-- Gives keys and indexes of the tables of Article. Repeatable.
ALTER TABLE "Article" DROP CONSTRAINT IF EXISTS "Article_pkey",
    ADD CONSTRAINT "Article_pkey" PRIMARY KEY (id);
ALTER TABLE "ArticleReaction" DROP CONSTRAINT IF EXISTS "ArticleReaction_pkey",
    ADD CONSTRAINT "ArticleReaction_pkey" PRIMARY KEY (id);
ALTER TABLE "ArticleEngagement" DROP CONSTRAINT IF EXISTS "ArticleEngagement_pkey",
    ADD CONSTRAINT "ArticleEngagement_pkey" PRIMARY KEY ("userId", "articleId");
CREATE UNIQUE INDEX IF NOT EXISTS "ArticleReaction_articleId_userId_reaction_key"
    ON "ArticleReaction" ("articleId", "userId", reaction);
CREATE INDEX IF NOT EXISTS "ArticleEngagement_articleId_idx"
    ON "ArticleEngagement" USING hash ("articleId");
