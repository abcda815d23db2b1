-- Every user there is.
SELECT id FROM "User";
