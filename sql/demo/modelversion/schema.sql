-- Gives the tables of ModelVersion: its own, those that only it counts, and the legacy one.
CREATE TABLE "ModelVersion" (
    id integer NOT NULL,
    name text NOT NULL,
    "modelId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "publishedAt" timestamp(3),
    status "ModelStatus" NOT NULL DEFAULT 'Draft'
);
CREATE TABLE "Donation" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    "donationGoalId" integer NOT NULL,
    amount integer NOT NULL,
    "buzzTransactionId" text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "DonationGoal" (
    id integer NOT NULL,
    "userId" integer NOT NULL,
    title text NOT NULL,
    "goalAmount" integer NOT NULL,
    "paidAmount" integer NOT NULL DEFAULT 0,
    "modelVersionId" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "ModelVersionMetric" (
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
