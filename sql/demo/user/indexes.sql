-- Gives keys and indexes of the tables of User. Repeatable.
ALTER TABLE "User" DROP CONSTRAINT IF EXISTS "User_pkey",
    ADD CONSTRAINT "User_pkey" PRIMARY KEY (id);
ALTER TABLE "UserEngagement" DROP CONSTRAINT IF EXISTS "UserEngagement_pkey",
    ADD CONSTRAINT "UserEngagement_pkey" PRIMARY KEY ("userId", "targetUserId");
CREATE INDEX IF NOT EXISTS "UserEngagement_type_userId_idx"
    ON "UserEngagement" (type, "userId");
