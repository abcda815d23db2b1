-- Hands a partition of the stage to the target: metadata only, all or nothing.
ALTER TABLE {stage:Identifier} MOVE PARTITION ID {partition:Literal} TO TABLE {target:Identifier}
