-- Gives the tables of BountyEntry: its own, those that only it counts, and the legacy one.
CREATE TABLE "BountyEntry" (
    id integer NOT NULL,
    "userId" integer,
    "bountyId" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
CREATE TABLE "BountyEntryReaction" (
    "bountyEntryId" integer NOT NULL,
    "userId" integer NOT NULL,
    reaction "ReviewReactions" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "BountyEntryMetric" (
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
