-- Gives the source tables and the legacy metric tables of Postgres, without their keys and indexes:
-- those are built after the load (postgres_indexes.sql). Types, NOT NULLs, defaults and physical
-- enum orders are the real ones; columns that no pair, join, filter or declared index uses are left
-- out. No foreign keys: the ones that production lacks must be able to dangle, the data keeps the
-- others.

DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('MetricTimeframe', ARRAY['Day', 'Week', 'Month', 'Year', 'AllTime']),
            ('UserEngagementType', ARRAY['Follow', 'Hide', 'Block']),
            ('CollectionItemStatus', ARRAY['ACCEPTED', 'REVIEW', 'REJECTED']),
            ('CollectionContributorPermission', ARRAY['VIEW', 'ADD', 'MANAGE', 'ADD_REVIEW']),
            ('CollectionType', ARRAY['Model', 'Article', 'Post', 'Image']),
            ('CollectionMode', ARRAY['Contest', 'Bookmark']),
            ('ReviewReactions', ARRAY['Like', 'Dislike', 'Laugh', 'Cry', 'Heart']),
            ('ModelStatus', ARRAY['Draft', 'Published', 'Unpublished', 'GatherInterest', 'Deleted',
                                  'UnpublishedViolation', 'Scheduled', 'Training']),
            ('TagEngagementType', ARRAY['Hide', 'Follow', 'Allow']),
            ('ArticleEngagementType', ARRAY['Favorite', 'Hide']),
            ('BountyEngagementType', ARRAY['Favorite', 'Track']),
            ('ModelEngagementType', ARRAY['Favorite', 'Hide', 'Mute', 'Notify']),
            ('Currency', ARRAY['USD', 'BUZZ', 'USDC'])
        ) AS enums (name, labels)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_type WHERE typname = wanted.name
            AND typnamespace = 'public'::regnamespace) THEN
            EXECUTE format(
                'CREATE TYPE public.%I AS ENUM (%s)',
                wanted.name,
                (SELECT string_agg(quote_literal(label), ', ' ORDER BY place)
                 FROM unnest(wanted.labels) WITH ORDINALITY AS labels (label, place))
            );
        END IF;
    END LOOP;
END
$$;

CREATE TABLE IF NOT EXISTS "User" (
    id integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "deletedAt" timestamp(3)
);
CREATE TABLE IF NOT EXISTS "Tag" (
    id integer NOT NULL,
    name text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "Bounty" (
    id integer NOT NULL,
    "userId" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "Model" (
    id integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    nsfw boolean NOT NULL DEFAULT false,
    "userId" integer NOT NULL,
    status "ModelStatus" NOT NULL DEFAULT 'Draft',
    "publishedAt" timestamp(3),
    "deletedAt" timestamp(3)
);
CREATE TABLE IF NOT EXISTS "ModelVersion" (
    id integer NOT NULL,
    name text NOT NULL,
    "modelId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "publishedAt" timestamp(3),
    status "ModelStatus" NOT NULL DEFAULT 'Draft'
);
CREATE TABLE IF NOT EXISTS "Post" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    "modelVersionId" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "publishedAt" timestamp(3)
);
CREATE TABLE IF NOT EXISTS "Image" (
    id integer NOT NULL,
    url text NOT NULL,
    "userId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "featuredAt" timestamp(3),
    "postId" integer,
    "sortAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "Article" (
    id integer NOT NULL,
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    title text NOT NULL,
    "publishedAt" timestamp(3),
    "userId" integer NOT NULL
);
CREATE TABLE IF NOT EXISTS "Collection" (
    id integer NOT NULL,
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    name text NOT NULL,
    "userId" integer NOT NULL,
    type "CollectionType",
    mode "CollectionMode"
);
CREATE TABLE IF NOT EXISTS "BountyEntry" (
    id integer NOT NULL,
    "userId" integer,
    "bountyId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE IF NOT EXISTS "UserEngagement" (
    "userId" integer NOT NULL,
    "targetUserId" integer NOT NULL,
    type "UserEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "ResourceReview" (
    id integer NOT NULL,
    "modelId" integer NOT NULL,
    "modelVersionId" integer NOT NULL,
    rating integer NOT NULL,
    recommended boolean NOT NULL DEFAULT true,
    "userId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    exclude boolean NOT NULL DEFAULT false,
    "tosViolation" boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS "CollectionItem" (
    id integer NOT NULL,
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    "collectionId" integer NOT NULL,
    "articleId" integer,
    "postId" integer,
    "imageId" integer,
    "modelId" integer,
    "addedById" integer,
    note text,
    status "CollectionItemStatus" NOT NULL DEFAULT 'ACCEPTED'
);
CREATE TABLE IF NOT EXISTS "CollectionContributor" (
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    "userId" integer NOT NULL,
    "collectionId" integer NOT NULL,
    permissions "CollectionContributorPermission"[]
);
CREATE TABLE IF NOT EXISTS "Comment" (
    id integer NOT NULL,
    content text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "tosViolation" boolean NOT NULL DEFAULT false,
    "parentId" integer,
    "userId" integer NOT NULL,
    "modelId" integer NOT NULL,
    locked boolean DEFAULT false,
    hidden boolean DEFAULT false
);
CREATE TABLE IF NOT EXISTS "CommentV2" (
    id integer NOT NULL,
    content text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "tosViolation" boolean NOT NULL DEFAULT false,
    "userId" integer NOT NULL,
    "threadId" integer NOT NULL,
    hidden boolean DEFAULT false
);
CREATE TABLE IF NOT EXISTS "Thread" (
    id integer NOT NULL,
    locked boolean NOT NULL DEFAULT false,
    "parentThreadId" integer,
    "rootThreadId" integer,
    "questionId" integer,
    "answerId" integer,
    "imageId" integer,
    "postId" integer,
    "reviewId" integer,
    "commentId" integer,
    "modelId" integer,
    "articleId" integer,
    "bountyId" integer,
    "bountyEntryId" integer,
    "clubPostId" integer
);
CREATE TABLE IF NOT EXISTS "ImageReaction" (
    id integer NOT NULL,
    "imageId" integer NOT NULL,
    "userId" integer NOT NULL,
    reaction "ReviewReactions" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE IF NOT EXISTS "ImageResourceNew" (
    "imageId" integer NOT NULL,
    "modelVersionId" integer NOT NULL,
    strength integer,
    detected boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS "ImageResource" (
    id integer NOT NULL,
    "modelVersionId" integer,
    name text,
    "imageId" integer NOT NULL
);
CREATE TABLE IF NOT EXISTS "BuzzTip" (
    "entityType" text NOT NULL,
    "entityId" integer NOT NULL,
    "toUserId" integer NOT NULL,
    "fromUserId" integer NOT NULL,
    amount integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE IF NOT EXISTS "Donation" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    "donationGoalId" integer NOT NULL,
    amount integer NOT NULL,
    "buzzTransactionId" text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "DonationGoal" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    title text NOT NULL,
    "goalAmount" integer NOT NULL,
    "paidAmount" integer NOT NULL DEFAULT 0,
    "modelVersionId" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "TagEngagement" (
    "userId" integer NOT NULL,
    "tagId" integer NOT NULL,
    type "TagEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "ArticleReaction" (
    id integer NOT NULL,
    "articleId" integer NOT NULL,
    "userId" integer NOT NULL,
    reaction "ReviewReactions" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE IF NOT EXISTS "ArticleEngagement" (
    "userId" integer NOT NULL,
    "articleId" integer NOT NULL,
    type "ArticleEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "BountyEngagement" (
    "userId" integer NOT NULL,
    "bountyId" integer NOT NULL,
    type "BountyEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "BountyBenefactor" (
    "userId" integer NOT NULL,
    "bountyId" integer NOT NULL,
    "unitAmount" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "awardedAt" timestamp(3),
    "awardedToId" integer,
    currency "Currency" NOT NULL DEFAULT 'BUZZ'
);
CREATE TABLE IF NOT EXISTS "BountyEntryReaction" (
    "bountyEntryId" integer NOT NULL,
    "userId" integer NOT NULL,
    reaction "ReviewReactions" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "ModelEngagement" (
    "userId" integer NOT NULL,
    "modelId" integer NOT NULL,
    type "ModelEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS "UserMetric" (
    "userId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "followingCount" integer NOT NULL DEFAULT 0,
    "followerCount" integer NOT NULL DEFAULT 0,
    "reactionCount" integer NOT NULL DEFAULT 0,
    "hiddenCount" integer NOT NULL DEFAULT 0,
    "uploadCount" integer NOT NULL DEFAULT 0,
    "reviewCount" integer NOT NULL DEFAULT 0,
    "answerCount" integer NOT NULL DEFAULT 0,
    "answerAcceptCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "ModelMetric" (
    "modelId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    rating double precision NOT NULL DEFAULT 0,
    "ratingCount" integer NOT NULL DEFAULT 0,
    "downloadCount" integer NOT NULL DEFAULT 0,
    "favoriteCount" integer NOT NULL DEFAULT 0,
    "commentCount" integer NOT NULL DEFAULT 0,
    "collectedCount" integer NOT NULL DEFAULT 0,
    "imageCount" integer NOT NULL DEFAULT 0,
    "tippedCount" integer NOT NULL DEFAULT 0,
    "tippedAmountCount" integer NOT NULL DEFAULT 0,
    "generationCount" integer NOT NULL DEFAULT 0,
    "thumbsUpCount" integer NOT NULL DEFAULT 0,
    "thumbsDownCount" integer NOT NULL DEFAULT 0,
    "earnedAmount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "ModelVersionMetric" (
    "modelVersionId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    rating double precision NOT NULL DEFAULT 0,
    "ratingCount" integer NOT NULL DEFAULT 0,
    "downloadCount" integer NOT NULL DEFAULT 0,
    "favoriteCount" integer NOT NULL DEFAULT 0,
    "commentCount" integer NOT NULL DEFAULT 0,
    "collectedCount" integer NOT NULL DEFAULT 0,
    "imageCount" integer NOT NULL DEFAULT 0,
    "tippedCount" integer NOT NULL DEFAULT 0,
    "tippedAmountCount" integer NOT NULL DEFAULT 0,
    "generationCount" integer NOT NULL DEFAULT 0,
    "thumbsUpCount" integer NOT NULL DEFAULT 0,
    "thumbsDownCount" integer NOT NULL DEFAULT 0,
    "earnedAmount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "PostMetric" (
    "postId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "likeCount" integer NOT NULL DEFAULT 0,
    "dislikeCount" integer NOT NULL DEFAULT 0,
    "laughCount" integer NOT NULL DEFAULT 0,
    "cryCount" integer NOT NULL DEFAULT 0,
    "heartCount" integer NOT NULL DEFAULT 0,
    "commentCount" integer NOT NULL DEFAULT 0,
    "collectedCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now(),
    "ageGroup" "MetricTimeframe" NOT NULL DEFAULT 'Day'
);
CREATE TABLE IF NOT EXISTS "ImageMetric" (
    "imageId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "likeCount" integer NOT NULL DEFAULT 0,
    "dislikeCount" integer NOT NULL DEFAULT 0,
    "laughCount" integer NOT NULL DEFAULT 0,
    "cryCount" integer NOT NULL DEFAULT 0,
    "heartCount" integer NOT NULL DEFAULT 0,
    "commentCount" integer NOT NULL DEFAULT 0,
    "collectedCount" integer NOT NULL DEFAULT 0,
    "tippedCount" integer NOT NULL DEFAULT 0,
    "tippedAmountCount" integer NOT NULL DEFAULT 0,
    "viewCount" integer NOT NULL DEFAULT 0,
    "reactionCount" integer NOT NULL GENERATED ALWAYS AS
        ("heartCount" + "likeCount" + "laughCount" + "cryCount") STORED,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "CollectionMetric" (
    "collectionId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "followerCount" integer NOT NULL DEFAULT 0,
    "itemCount" integer NOT NULL DEFAULT 0,
    "contributorCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "TagMetric" (
    "tagId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "modelCount" integer NOT NULL DEFAULT 0,
    "imageCount" integer NOT NULL DEFAULT 0,
    "postCount" integer NOT NULL DEFAULT 0,
    "articleCount" integer NOT NULL DEFAULT 0,
    "hiddenCount" integer NOT NULL DEFAULT 0,
    "followerCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "ArticleMetric" (
    "articleId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "likeCount" integer NOT NULL DEFAULT 0,
    "dislikeCount" integer NOT NULL DEFAULT 0,
    "laughCount" integer NOT NULL DEFAULT 0,
    "cryCount" integer NOT NULL DEFAULT 0,
    "heartCount" integer NOT NULL DEFAULT 0,
    "commentCount" integer NOT NULL DEFAULT 0,
    "viewCount" integer NOT NULL DEFAULT 0,
    "favoriteCount" integer NOT NULL DEFAULT 0,
    "hideCount" integer NOT NULL DEFAULT 0,
    "collectedCount" integer NOT NULL DEFAULT 0,
    "tippedCount" integer NOT NULL DEFAULT 0,
    "tippedAmountCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "BountyMetric" (
    "bountyId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "favoriteCount" integer NOT NULL DEFAULT 0,
    "trackCount" integer NOT NULL DEFAULT 0,
    "entryCount" integer NOT NULL DEFAULT 0,
    "benefactorCount" integer NOT NULL DEFAULT 0,
    "unitAmountCount" integer NOT NULL DEFAULT 0,
    "commentCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS "BountyEntryMetric" (
    "bountyEntryId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "likeCount" integer NOT NULL DEFAULT 0,
    "dislikeCount" integer NOT NULL DEFAULT 0,
    "laughCount" integer NOT NULL DEFAULT 0,
    "cryCount" integer NOT NULL DEFAULT 0,
    "heartCount" integer NOT NULL DEFAULT 0,
    "unitAmountCount" integer NOT NULL DEFAULT 0,
    "tippedCount" integer NOT NULL DEFAULT 0,
    "tippedAmountCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
