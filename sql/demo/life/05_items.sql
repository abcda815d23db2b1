-- What became of collected items of before the cutoff: some were taken out again. And a few images were
-- deleted, with everything that counts of them.
DELETE FROM "CollectionItem" WHERE "createdAt" < :cutoff AND demo.h(id, 9501) % 100 = 0;
DELETE FROM "Image" WHERE demo.h(id, 9502) % 1000 = 0;
