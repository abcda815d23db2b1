-- Gives the ClickHouse tables that ModelVersion and Model count, with the engines of the platform's own
-- DDL. Repeatable. Derived tables are filled by the generator; no views hang on the sources.
CREATE DATABASE IF NOT EXISTS orchestration;

CREATE TABLE IF NOT EXISTS modelVersionEvents (
    type Enum8('Create' = 1, 'Publish' = 2, 'Download' = 3, 'Unpublish' = 4, 'HideDownload' = 5),
    time DateTime DEFAULT now(),
    userId Int32 DEFAULT 0,
    modelId Int32,
    modelVersionId Int32,
    nsfw Bool,
    ip String DEFAULT '',
    userAgent String DEFAULT '',
    createdDate Date MATERIALIZED toDate(time),
    earlyAccess Bool DEFAULT false,
    deviceId String DEFAULT ''
) ENGINE = MergeTree PARTITION BY toYYYYMM(createdDate) ORDER BY
    (time, type, modelId, modelVersionId);

CREATE TABLE IF NOT EXISTS daily_downloads_unique (
    modelId Int32,
    modelVersionId Int32,
    createdDate Date,
    users_state AggregateFunction(uniq, String)
) ENGINE = SummingMergeTree ORDER BY (modelId, modelVersionId, createdDate);

CREATE TABLE IF NOT EXISTS modelVersionUniqueDownloads (
    modelVersionId Int32,
    downloadKey String,
    time SimpleAggregateFunction(max, DateTime)
) ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(time) ORDER BY (modelVersionId, downloadKey);

CREATE TABLE IF NOT EXISTS orchestration.jobs (
    jobId String,
    userId Int32,
    jobType LowCardinality(String),
    createdAt DateTime64(3),
    completedAt DateTime64(3),
    provider LowCardinality(String),
    issuedBy String,
    cost Float64,
    creatorsTip Nullable(Float64),
    resourcesUsed Array(Int32) DEFAULT [],
    remixOfId Nullable(String)
) ENGINE = MergeTree ORDER BY createdAt;

CREATE TABLE IF NOT EXISTS daily_user_resource (
    userId Int32,
    modelVersionId Int32,
    date Date
) ENGINE = MergeTree ORDER BY (modelVersionId, date);

CREATE TABLE IF NOT EXISTS buzz_resource_compensation (
    date DateTime,
    modelVersionId Int32,
    comp UInt32,
    tip UInt32,
    total UInt32,
    updated_at DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree ORDER BY (date, modelVersionId);
