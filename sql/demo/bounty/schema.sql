-- Gives the tables of Bounty: its own, those that only it counts, and the legacy one.
CREATE TYPE "BountyEngagementType" AS ENUM ('Favorite', 'Track');
CREATE TYPE "Currency" AS ENUM ('USD', 'BUZZ', 'USDC');
CREATE TABLE "Bounty" (
    id integer NOT NULL,
    "userId" integer,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "BountyEngagement" (
    "userId" integer NOT NULL,
    "bountyId" integer NOT NULL,
    type "BountyEngagementType" NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now()
);
CREATE TABLE "BountyBenefactor" (
    "userId" integer NOT NULL,
    "bountyId" integer NOT NULL,
    "unitAmount" integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "awardedAt" timestamp(3),
    "awardedToId" integer,
    currency "Currency" NOT NULL DEFAULT 'BUZZ'
);
CREATE TABLE "BountyMetric" (
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
