-- Gives keys and indexes of the tables of Tag. Repeatable.
ALTER TABLE "Tag" DROP CONSTRAINT IF EXISTS "Tag_pkey",
    ADD CONSTRAINT "Tag_pkey" PRIMARY KEY (id);
ALTER TABLE "TagEngagement" DROP CONSTRAINT IF EXISTS "TagEngagement_pkey",
    ADD CONSTRAINT "TagEngagement_pkey" PRIMARY KEY ("userId", "tagId");
