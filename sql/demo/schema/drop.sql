-- Gives an empty cellar: every demo table and enum of the source and legacy side is gone, whatever
-- it held.
DROP SCHEMA IF EXISTS demo CASCADE;
DROP TABLE IF EXISTS
    "User", "Tag", "Bounty", "Model", "ModelVersion", "Post", "Image", "Article", "Collection",
    "BountyEntry",
    "UserEngagement", "ResourceReview", "CollectionItem", "CollectionContributor", "Comment",
    "CommentV2", "Thread",
    "ImageReaction", "ImageResourceNew", "ImageResource", "BuzzTip", "Donation", "DonationGoal",
    "TagEngagement",
    "ArticleReaction", "ArticleEngagement", "BountyEngagement", "BountyBenefactor",
    "BountyEntryReaction",
    "ModelEngagement",
    "UserMetric", "ModelMetric", "ModelVersionMetric", "PostMetric", "ImageMetric",
    "CollectionMetric", "TagMetric",
    "ArticleMetric", "BountyMetric", "BountyEntryMetric" CASCADE;
DROP TYPE IF EXISTS
    "MetricTimeframe", "UserEngagementType", "CollectionItemStatus",
    "CollectionContributorPermission",
    "CollectionType", "CollectionMode", "ReviewReactions", "ModelStatus", "TagEngagementType",
    "ArticleEngagementType", "BountyEngagementType", "ModelEngagementType", "Currency" CASCADE;
