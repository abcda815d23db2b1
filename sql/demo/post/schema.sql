-- Gives the tables of Post: its own, those that only it counts, and the legacy one.
CREATE TABLE "Post" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    "modelVersionId" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "publishedAt" timestamp(3)
);
CREATE TABLE "PostMetric" (
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
