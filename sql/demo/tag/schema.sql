-- Gives the tables of Tag: its own, those that only it counts, and the legacy one.
CREATE TYPE "TagEngagementType" AS ENUM ('Hide', 'Follow', 'Allow');
CREATE TABLE "Tag" (
    id integer NOT NULL,
    name text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "TagEngagement" (
    "userId" integer NOT NULL,
    "tagId" integer NOT NULL,
    type "TagEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "TagMetric" (
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
