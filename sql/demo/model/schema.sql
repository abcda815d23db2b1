-- Gives the tables of Model: its own, those that only it counts, and the legacy one.
CREATE TYPE "ModelEngagementType" AS ENUM ('Favorite', 'Hide', 'Mute', 'Notify');
CREATE TABLE "Model" (
    id integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    nsfw boolean NOT NULL DEFAULT false,
    "userId" integer NOT NULL,
    status "ModelStatus" NOT NULL DEFAULT 'Draft',
    "publishedAt" timestamp(3),
    "deletedAt" timestamp(3)
);
CREATE TABLE "ResourceReview" (
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
CREATE TABLE "Comment" (
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
CREATE TABLE "ModelEngagement" (
    "userId" integer NOT NULL,
    "modelId" integer NOT NULL,
    type "ModelEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "ModelMetric" (
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
