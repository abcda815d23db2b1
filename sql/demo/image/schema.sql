-- Gives the tables of Image: its own, those that only it counts, and the legacy one.
CREATE TABLE "Image" (
    id integer NOT NULL,
    url text NOT NULL,
    "userId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "featuredAt" timestamp(3),
    "postId" integer,
    "sortAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "ImageReaction" (
    id integer NOT NULL,
    "imageId" integer NOT NULL,
    "userId" integer NOT NULL,
    reaction "ReviewReactions" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE "ImageResourceNew" (
    "imageId" integer NOT NULL,
    "modelVersionId" integer NOT NULL,
    strength integer,
    detected boolean NOT NULL DEFAULT false
);
CREATE TABLE "ImageResource" (
    id integer NOT NULL,
    "modelVersionId" integer,
    name text,
    "imageId" integer NOT NULL
);
CREATE TABLE "ImageMetric" (
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
