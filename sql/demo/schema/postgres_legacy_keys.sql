-- Gives the keys of the legacy tables, built after their load, and fresh statistics. Repeatable.
ALTER TABLE "UserMetric" DROP CONSTRAINT IF EXISTS "UserMetric_pkey",
    ADD CONSTRAINT "UserMetric_pkey" PRIMARY KEY ("userId", timeframe);
ALTER TABLE "ModelMetric" DROP CONSTRAINT IF EXISTS "ModelMetric_pkey",
    ADD CONSTRAINT "ModelMetric_pkey" PRIMARY KEY ("modelId", timeframe);
ALTER TABLE "ModelVersionMetric" DROP CONSTRAINT IF EXISTS "ModelVersionMetric_pkey",
    ADD CONSTRAINT "ModelVersionMetric_pkey" PRIMARY KEY ("modelVersionId", timeframe);
ALTER TABLE "PostMetric" DROP CONSTRAINT IF EXISTS "PostMetric_pkey",
    ADD CONSTRAINT "PostMetric_pkey" PRIMARY KEY ("postId", timeframe);
ALTER TABLE "ImageMetric" DROP CONSTRAINT IF EXISTS "ImageMetric_pkey",
    ADD CONSTRAINT "ImageMetric_pkey" PRIMARY KEY ("imageId", timeframe);
ALTER TABLE "CollectionMetric" DROP CONSTRAINT IF EXISTS "CollectionMetric_pkey",
    ADD CONSTRAINT "CollectionMetric_pkey" PRIMARY KEY ("collectionId", timeframe);
ALTER TABLE "TagMetric" DROP CONSTRAINT IF EXISTS "TagMetric_pkey",
    ADD CONSTRAINT "TagMetric_pkey" PRIMARY KEY ("tagId", timeframe);
ALTER TABLE "ArticleMetric" DROP CONSTRAINT IF EXISTS "ArticleMetric_pkey",
    ADD CONSTRAINT "ArticleMetric_pkey" PRIMARY KEY ("articleId", timeframe);
ALTER TABLE "BountyMetric" DROP CONSTRAINT IF EXISTS "BountyMetric_pkey",
    ADD CONSTRAINT "BountyMetric_pkey" PRIMARY KEY ("bountyId", timeframe);
ALTER TABLE "BountyEntryMetric" DROP CONSTRAINT IF EXISTS "BountyEntryMetric_pkey",
    ADD CONSTRAINT "BountyEntryMetric_pkey" PRIMARY KEY ("bountyEntryId", timeframe);
CREATE INDEX IF NOT EXISTS "PostMetric_postId_ageGroup_idx"
    ON "PostMetric" ("postId", "ageGroup");
ANALYZE "UserMetric", "ModelMetric", "ModelVersionMetric", "PostMetric", "ImageMetric",
"CollectionMetric", "TagMetric",
        "ArticleMetric", "BountyMetric", "BountyEntryMetric";
