-- Gives the keys and indexes that the customer's schema declares, no more and no fewer as far as
-- the kept columns go (indexes seen only in the development dump are left out), then fresh
-- statistics. Repeatable.
ALTER TABLE "User" DROP CONSTRAINT IF EXISTS "User_pkey",
    ADD CONSTRAINT "User_pkey" PRIMARY KEY (id);
ALTER TABLE "Tag" DROP CONSTRAINT IF EXISTS "Tag_pkey",
    ADD CONSTRAINT "Tag_pkey" PRIMARY KEY (id);
ALTER TABLE "Bounty" DROP CONSTRAINT IF EXISTS "Bounty_pkey",
    ADD CONSTRAINT "Bounty_pkey" PRIMARY KEY (id);
ALTER TABLE "Model" DROP CONSTRAINT IF EXISTS "Model_pkey",
    ADD CONSTRAINT "Model_pkey" PRIMARY KEY (id);
ALTER TABLE "ModelVersion" DROP CONSTRAINT IF EXISTS "ModelVersion_pkey",
    ADD CONSTRAINT "ModelVersion_pkey" PRIMARY KEY (id);
ALTER TABLE "Post" DROP CONSTRAINT IF EXISTS "Post_pkey",
    ADD CONSTRAINT "Post_pkey" PRIMARY KEY (id);
ALTER TABLE "Image" DROP CONSTRAINT IF EXISTS "Image_pkey",
    ADD CONSTRAINT "Image_pkey" PRIMARY KEY (id);
ALTER TABLE "Article" DROP CONSTRAINT IF EXISTS "Article_pkey",
    ADD CONSTRAINT "Article_pkey" PRIMARY KEY (id);
ALTER TABLE "Collection" DROP CONSTRAINT IF EXISTS "Collection_pkey",
    ADD CONSTRAINT "Collection_pkey" PRIMARY KEY (id);
ALTER TABLE "BountyEntry" DROP CONSTRAINT IF EXISTS "BountyEntry_pkey",
    ADD CONSTRAINT "BountyEntry_pkey" PRIMARY KEY (id);
ALTER TABLE "UserEngagement" DROP CONSTRAINT IF EXISTS "UserEngagement_pkey",
    ADD CONSTRAINT "UserEngagement_pkey" PRIMARY KEY ("userId", "targetUserId");
ALTER TABLE "ResourceReview" DROP CONSTRAINT IF EXISTS "ResourceReview_pkey",
    ADD CONSTRAINT "ResourceReview_pkey" PRIMARY KEY (id);
ALTER TABLE "CollectionItem" DROP CONSTRAINT IF EXISTS "CollectionItem_pkey",
    ADD CONSTRAINT "CollectionItem_pkey" PRIMARY KEY (id);
ALTER TABLE "CollectionContributor" DROP CONSTRAINT IF EXISTS "CollectionContributor_pkey",
    ADD CONSTRAINT "CollectionContributor_pkey" PRIMARY KEY ("userId", "collectionId");
ALTER TABLE "Comment" DROP CONSTRAINT IF EXISTS "Comment_pkey",
    ADD CONSTRAINT "Comment_pkey" PRIMARY KEY (id);
ALTER TABLE "CommentV2" DROP CONSTRAINT IF EXISTS "CommentV2_pkey",
    ADD CONSTRAINT "CommentV2_pkey" PRIMARY KEY (id);
ALTER TABLE "Thread" DROP CONSTRAINT IF EXISTS "Thread_pkey",
    ADD CONSTRAINT "Thread_pkey" PRIMARY KEY (id);
ALTER TABLE "ImageReaction" DROP CONSTRAINT IF EXISTS "ImageReaction_pkey",
    ADD CONSTRAINT "ImageReaction_pkey" PRIMARY KEY (id);
ALTER TABLE "ImageResourceNew" DROP CONSTRAINT IF EXISTS "ImageResourceNew_pkey",
    ADD CONSTRAINT "ImageResourceNew_pkey" PRIMARY KEY ("imageId", "modelVersionId");
ALTER TABLE "ImageResource" DROP CONSTRAINT IF EXISTS "ImageResource_pkey",
    ADD CONSTRAINT "ImageResource_pkey" PRIMARY KEY (id);
ALTER TABLE "BuzzTip" DROP CONSTRAINT IF EXISTS "BuzzTip_pkey",
    ADD CONSTRAINT "BuzzTip_pkey" PRIMARY KEY ("entityType", "entityId", "fromUserId");
ALTER TABLE "Donation" DROP CONSTRAINT IF EXISTS "Donation_pkey",
    ADD CONSTRAINT "Donation_pkey" PRIMARY KEY (id);
ALTER TABLE "DonationGoal" DROP CONSTRAINT IF EXISTS "DonationGoal_pkey",
    ADD CONSTRAINT "DonationGoal_pkey" PRIMARY KEY (id);
ALTER TABLE "TagEngagement" DROP CONSTRAINT IF EXISTS "TagEngagement_pkey",
    ADD CONSTRAINT "TagEngagement_pkey" PRIMARY KEY ("userId", "tagId");
ALTER TABLE "ArticleReaction" DROP CONSTRAINT IF EXISTS "ArticleReaction_pkey",
    ADD CONSTRAINT "ArticleReaction_pkey" PRIMARY KEY (id);
ALTER TABLE "ArticleEngagement" DROP CONSTRAINT IF EXISTS "ArticleEngagement_pkey",
    ADD CONSTRAINT "ArticleEngagement_pkey" PRIMARY KEY ("userId", "articleId");
ALTER TABLE "BountyEngagement" DROP CONSTRAINT IF EXISTS "BountyEngagement_pkey",
    ADD CONSTRAINT "BountyEngagement_pkey" PRIMARY KEY (type, "bountyId", "userId");
ALTER TABLE "BountyBenefactor" DROP CONSTRAINT IF EXISTS "BountyBenefactor_pkey",
    ADD CONSTRAINT "BountyBenefactor_pkey" PRIMARY KEY ("bountyId", "userId");
ALTER TABLE "BountyEntryReaction" DROP CONSTRAINT IF EXISTS "BountyEntryReaction_pkey",
    ADD CONSTRAINT "BountyEntryReaction_pkey" PRIMARY KEY ("bountyEntryId", "userId", reaction);
ALTER TABLE "ModelEngagement" DROP CONSTRAINT IF EXISTS "ModelEngagement_pkey",
    ADD CONSTRAINT "ModelEngagement_pkey" PRIMARY KEY ("userId", "modelId");

CREATE UNIQUE INDEX IF NOT EXISTS "ResourceReview_modelVersionId_userId_key"
    ON "ResourceReview" ("modelVersionId", "userId");
CREATE UNIQUE INDEX IF NOT EXISTS "CollectionItem_collectionId_articleId_postId_imageId_modelI_key"
    ON "CollectionItem" ("collectionId", "articleId", "postId", "imageId", "modelId");
CREATE UNIQUE INDEX IF NOT EXISTS "User_bookmark_collection"
    ON "Collection" ("userId", type, mode) WHERE mode = 'Bookmark';
CREATE UNIQUE INDEX IF NOT EXISTS "ImageReaction_imageId_userId_reaction_key"
    ON "ImageReaction" ("imageId", "userId", reaction);
CREATE UNIQUE INDEX IF NOT EXISTS "ArticleReaction_articleId_userId_reaction_key"
    ON "ArticleReaction" ("articleId", "userId", reaction);
CREATE UNIQUE INDEX IF NOT EXISTS "ImageResource_modelVersionId_name_imageId_key"
    ON "ImageResource" ("modelVersionId", name, "imageId");
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

CREATE INDEX IF NOT EXISTS "UserEngagement_type_userId_idx"
    ON "UserEngagement" (type, "userId");
CREATE INDEX IF NOT EXISTS "Collection_userId_idx"
    ON "Collection" ("userId");
CREATE INDEX IF NOT EXISTS "Image_featuredAt_idx"
    ON "Image" ("featuredAt");
CREATE INDEX IF NOT EXISTS "Image_userId_postId_idx"
    ON "Image" ("userId", "postId");
CREATE INDEX IF NOT EXISTS "Image_sortAt_idx"
    ON "Image" ("sortAt");
CREATE INDEX IF NOT EXISTS "Post_modelVersionId_idx"
    ON "Post" ("modelVersionId");
CREATE INDEX IF NOT EXISTS "Post_publishedAt_idx"
    ON "Post" ("publishedAt");
CREATE INDEX IF NOT EXISTS "ImageResourceNew_modelVersionId_idx"
    ON "ImageResourceNew" ("modelVersionId");
CREATE INDEX IF NOT EXISTS "ImageResource_imageId_modelVersionId_idx"
    ON "ImageResource" ("imageId", "modelVersionId");
CREATE INDEX IF NOT EXISTS "Model_status_nsfw_idx"
    ON "Model" (status, nsfw);
CREATE INDEX IF NOT EXISTS "BuzzTip_toUserId_idx"
    ON "BuzzTip" ("toUserId");
CREATE INDEX IF NOT EXISTS "BountyEngagement_bountyId_idx"
    ON "BountyEngagement" ("bountyId");

CREATE INDEX IF NOT EXISTS "ResourceReview_modelVersionId_idx"
    ON "ResourceReview" USING hash ("modelVersionId");
CREATE INDEX IF NOT EXISTS "ResourceReview_userId_idx"
    ON "ResourceReview" USING hash ("userId");
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
CREATE INDEX IF NOT EXISTS "Comment_modelId_idx"
    ON "Comment" USING hash ("modelId");
CREATE INDEX IF NOT EXISTS "Comment_parentId_idx"
    ON "Comment" USING hash ("parentId");
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
CREATE INDEX IF NOT EXISTS "Image_postId_idx"
    ON "Image" USING hash ("postId");
CREATE INDEX IF NOT EXISTS "ModelVersion_modelId_idx"
    ON "ModelVersion" USING hash ("modelId");
CREATE INDEX IF NOT EXISTS "ImageResource_imageId_idx"
    ON "ImageResource" USING hash ("imageId");
CREATE INDEX IF NOT EXISTS "ArticleEngagement_articleId_idx"
    ON "ArticleEngagement" USING hash ("articleId");
CREATE INDEX IF NOT EXISTS "BountyEngagement_userId_idx"
    ON "BountyEngagement" USING hash ("userId");
CREATE INDEX IF NOT EXISTS "BountyBenefactor_bountyId_idx"
    ON "BountyBenefactor" USING hash ("bountyId");
CREATE INDEX IF NOT EXISTS "BountyBenefactor_userId_idx"
    ON "BountyBenefactor" USING hash ("userId");
CREATE INDEX IF NOT EXISTS "BountyEntry_bountyId_idx"
    ON "BountyEntry" USING hash ("bountyId");
CREATE INDEX IF NOT EXISTS "BountyEntryReaction_bountyEntryId_idx"
    ON "BountyEntryReaction" USING hash ("bountyEntryId");
CREATE INDEX IF NOT EXISTS "ModelEngagement_modelId_idx"
    ON "ModelEngagement" USING hash ("modelId");
ANALYZE;
