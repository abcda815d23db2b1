-- What became, after the cutoff, of earlier reactions: some were taken back, some given again. And a few images were
-- deleted, with everything that counts of them.
DELETE FROM "ImageReaction" WHERE "createdAt" < :cutoff AND demo.h(id, 9201) % 100 = 0;
UPDATE "ImageReaction" SET "createdAt" = demo.after(id)
WHERE "createdAt" < :cutoff AND demo.h(id, 9201) % 200 = 1;
DELETE FROM "Image" WHERE demo.h(id, 9502) % 1000 = 0;
