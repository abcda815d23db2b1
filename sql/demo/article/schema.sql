-- Gives the tables of Article: its own, those that only it counts, and the legacy one.
CREATE TYPE "ArticleEngagementType" AS ENUM ('Favorite', 'Hide');
CREATE TABLE "Article" (
    id integer NOT NULL,
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    title text NOT NULL,
    "publishedAt" timestamp(3),
    "userId" integer NOT NULL
);
CREATE TABLE "ArticleReaction" (
    id integer NOT NULL,
    "articleId" integer NOT NULL,
    "userId" integer NOT NULL,
    reaction "ReviewReactions" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE "ArticleEngagement" (
    "userId" integer NOT NULL,
    "articleId" integer NOT NULL,
    type "ArticleEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "ArticleMetric" (
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
