-- Gives types and tables that several entities use. In all schema.sql: types, NOT NULLs, defaults and
-- orders of enums are those of the platform; columns that no pair, join, filter or index of it uses
-- are left out. No foreign keys: the ones that production lacks must be able to dangle, the data
-- keeps the others. Keys and indexes are built after the load (indexes.sql).
CREATE TYPE "MetricTimeframe" AS ENUM ('Day', 'Week', 'Month', 'Year', 'AllTime');
CREATE TYPE "CollectionType" AS ENUM ('Model', 'Article', 'Post', 'Image');
CREATE TYPE "CollectionMode" AS ENUM ('Contest', 'Bookmark');
CREATE TYPE "ReviewReactions" AS ENUM ('Like', 'Dislike', 'Laugh', 'Cry', 'Heart');
CREATE TYPE "ModelStatus" AS ENUM (
    'Draft', 'Published', 'Unpublished', 'GatherInterest', 'Deleted', 'UnpublishedViolation', 'Scheduled', 'Training'
);
CREATE TABLE "CommentV2" (
    id integer NOT NULL,
    content text NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL,
    "tosViolation" boolean NOT NULL DEFAULT false,
    "userId" integer NOT NULL,
    "threadId" integer NOT NULL,
    hidden boolean DEFAULT false
);
CREATE TABLE "Thread" (
    id integer NOT NULL,
    locked boolean NOT NULL DEFAULT false,
    "parentThreadId" integer,
    "rootThreadId" integer,
    "questionId" integer,
    "answerId" integer,
    "imageId" integer,
    "postId" integer,
    "reviewId" integer,
    "commentId" integer,
    "modelId" integer,
    "articleId" integer,
    "bountyId" integer,
    "bountyEntryId" integer,
    "clubPostId" integer
);
CREATE TABLE "BuzzTip" (
    "entityType" text NOT NULL,
    "entityId" integer NOT NULL,
    "toUserId" integer NOT NULL,
    "fromUserId" integer NOT NULL,
    amount integer NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT now(),
    "updatedAt" timestamp(3) NOT NULL
);
