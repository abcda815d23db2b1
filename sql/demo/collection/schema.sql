-- Gives the tables of Collection: its own, those that only it counts, and the legacy one.
CREATE TYPE "CollectionItemStatus" AS ENUM ('ACCEPTED', 'REVIEW', 'REJECTED');
CREATE TYPE "CollectionContributorPermission" AS ENUM ('VIEW', 'ADD', 'MANAGE', 'ADD_REVIEW');
CREATE TABLE "Collection" (
    id integer NOT NULL,
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    name text NOT NULL,
    "userId" integer NOT NULL,
    type "CollectionType",
    mode "CollectionMode"
);
CREATE TABLE "CollectionItem" (
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
CREATE TABLE "CollectionContributor" (
    "createdAt" timestamp(3) DEFAULT now(),
    "updatedAt" timestamp(3),
    "userId" integer NOT NULL,
    "collectionId" integer NOT NULL,
    permissions "CollectionContributorPermission"[]
);
CREATE TABLE "CollectionMetric" (
    "collectionId" integer NOT NULL,
    timeframe "MetricTimeframe" NOT NULL,
    "followerCount" integer NOT NULL DEFAULT 0,
    "itemCount" integer NOT NULL DEFAULT 0,
    "contributorCount" integer NOT NULL DEFAULT 0,
    "updatedAt" timestamp(3) NOT NULL DEFAULT now()
);
