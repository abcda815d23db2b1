-- Gives the ClickHouse table that User counts, with the engine of the platform's own DDL. Repeatable.
CREATE TABLE IF NOT EXISTS reactions (
    type Enum8('Image_Create' = 1, 'Image_Delete' = 2, 'Comment_Create' = 3, 'Comment_Delete' = 4,
               'CommentV2_Create' = 5, 'CommentV2_Delete' = 6, 'Review_Create' = 7,
                   'Review_Delete' = 8,
               'Question_Create' = 9, 'Question_Delete' = 10, 'Answer_Create' = 11,
                   'Answer_Delete' = 12,
               'BountyEntry_Create' = 13, 'BountyEntry_Delete' = 14, 'Article_Create' = 15,
                   'Article_Delete' = 16),
    time DateTime DEFAULT now(),
    userId Int32 DEFAULT 0,
    entityId Int32,
    reaction Enum8('Like' = 1, 'Dislike' = 2, 'Laugh' = 3, 'Cry' = 4, 'Heart' = 5),
    nsfw Enum8('Undefined' = 0, 'None' = 1, 'Soft' = 2, 'Mature' = 3, 'X' = 4),
    ip String,
    userAgent String,
    createdDate Date MATERIALIZED toDate(time),
    ownerId Int32 DEFAULT -1,
    deviceId String DEFAULT ''
) ENGINE = MergeTree PARTITION BY toYYYYMM(createdDate) ORDER BY (time, reaction, entityId, userId);
