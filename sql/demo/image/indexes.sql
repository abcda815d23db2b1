-- Gives keys and indexes of the tables of Image. Repeatable.
ALTER TABLE "Image" DROP CONSTRAINT IF EXISTS "Image_pkey",
    ADD CONSTRAINT "Image_pkey" PRIMARY KEY (id);
ALTER TABLE "ImageReaction" DROP CONSTRAINT IF EXISTS "ImageReaction_pkey",
    ADD CONSTRAINT "ImageReaction_pkey" PRIMARY KEY (id);
ALTER TABLE "ImageResourceNew" DROP CONSTRAINT IF EXISTS "ImageResourceNew_pkey",
    ADD CONSTRAINT "ImageResourceNew_pkey" PRIMARY KEY ("imageId", "modelVersionId");
ALTER TABLE "ImageResource" DROP CONSTRAINT IF EXISTS "ImageResource_pkey",
    ADD CONSTRAINT "ImageResource_pkey" PRIMARY KEY (id);
CREATE UNIQUE INDEX IF NOT EXISTS "ImageReaction_imageId_userId_reaction_key"
    ON "ImageReaction" ("imageId", "userId", reaction);
CREATE UNIQUE INDEX IF NOT EXISTS "ImageResource_modelVersionId_name_imageId_key"
    ON "ImageResource" ("modelVersionId", name, "imageId");
CREATE INDEX IF NOT EXISTS "Image_featuredAt_idx"
    ON "Image" ("featuredAt");
CREATE INDEX IF NOT EXISTS "Image_userId_postId_idx"
    ON "Image" ("userId", "postId");
CREATE INDEX IF NOT EXISTS "Image_sortAt_idx"
    ON "Image" ("sortAt");
CREATE INDEX IF NOT EXISTS "ImageResourceNew_modelVersionId_idx"
    ON "ImageResourceNew" ("modelVersionId");
CREATE INDEX IF NOT EXISTS "ImageResource_imageId_modelVersionId_idx"
    ON "ImageResource" ("imageId", "modelVersionId");
CREATE INDEX IF NOT EXISTS "Image_postId_idx"
    ON "Image" USING hash ("postId");
CREATE INDEX IF NOT EXISTS "ImageResource_imageId_idx"
    ON "ImageResource" USING hash ("imageId");
