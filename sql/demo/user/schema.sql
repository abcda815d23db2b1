-- Gives the tables of User: its own, those that only it counts, and the legacy one.
CREATE TYPE "UserEngagementType" AS ENUM ('Follow', 'Hide', 'Block');
CREATE TABLE "User" (
    id integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "deletedAt" timestamp(3)
);
CREATE TABLE "UserEngagement" (
    "userId" integer NOT NULL,
    "targetUserId" integer NOT NULL,
    type "UserEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "UserMetric" (
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
