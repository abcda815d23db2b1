-- Gives keys and indexes of the tables of Collection. Repeatable.
ALTER TABLE "Collection" DROP CONSTRAINT IF EXISTS "Collection_pkey",
    ADD CONSTRAINT "Collection_pkey" PRIMARY KEY (id);
ALTER TABLE "CollectionItem" DROP CONSTRAINT IF EXISTS "CollectionItem_pkey",
    ADD CONSTRAINT "CollectionItem_pkey" PRIMARY KEY (id);
ALTER TABLE "CollectionContributor" DROP CONSTRAINT IF EXISTS "CollectionContributor_pkey",
    ADD CONSTRAINT "CollectionContributor_pkey" PRIMARY KEY ("userId", "collectionId");
CREATE UNIQUE INDEX IF NOT EXISTS "CollectionItem_collectionId_articleId_postId_imageId_modelI_key"
    ON "CollectionItem" ("collectionId", "articleId", "postId", "imageId", "modelId");
CREATE UNIQUE INDEX IF NOT EXISTS "User_bookmark_collection"
    ON "Collection" ("userId", type, mode) WHERE mode = 'Bookmark';
CREATE INDEX IF NOT EXISTS "Collection_userId_idx"
    ON "Collection" ("userId");
CREATE INDEX IF NOT EXISTS "CollectionItem_addedById_idx"
    ON "CollectionItem" USING hash ("addedById");
CREATE INDEX IF NOT EXISTS "CollectionItem_imageId_idx"
    ON "CollectionItem" USING hash ("imageId");
CREATE INDEX IF NOT EXISTS "CollectionItem_modelId_idx"
    ON "CollectionItem" USING hash ("modelId");
CREATE INDEX IF NOT EXISTS "CollectionItem_collectionId_idx"
    ON "CollectionItem" USING hash ("collectionId");
CREATE INDEX IF NOT EXISTS "CollectionContributor_userId_idx"
    ON "CollectionContributor" USING hash ("userId");
CREATE INDEX IF NOT EXISTS "Collection_type_idx"
    ON "Collection" USING hash (type);
CREATE INDEX IF NOT EXISTS "Collection_mode_idx"
    ON "Collection" USING hash (mode);
