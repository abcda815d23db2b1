-- What became, after the cutoff, of earlier reviews and comments: a thumb was turned, stars were given anew, all in
-- place; some were deleted.
UPDATE "ResourceReview" SET recommended = NOT recommended
WHERE "createdAt" < :cutoff AND demo.h(id, 9301) % 50 = 0;
UPDATE "ResourceReview" SET rating = CASE rating WHEN 5 THEN 3 ELSE 5 END
WHERE "createdAt" < :cutoff AND demo.h(id, 9301) % 50 = 1;
DELETE FROM "ResourceReview" WHERE "createdAt" < :cutoff AND demo.h(id, 9301) % 100 = 2;
DELETE FROM "Comment" WHERE "createdAt" < :cutoff AND demo.h(id, 9302) % 60 = 0;
