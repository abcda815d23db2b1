-- Hands a partition of the stage to the target: metadata only, all or nothing. The stage keeps its
-- rows, so that the next plan still knows what is wanted; moving them away would make it look as
-- if nothing were.
ALTER TABLE {target:Identifier} ATTACH PARTITION ID {partition:Literal} FROM {stage:Identifier}
