-- Every version there is, and its model.
SELECT id, "modelId" FROM "ModelVersion";
