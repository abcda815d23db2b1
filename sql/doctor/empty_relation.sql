-- A relation without rows that stands for the copy of a dimension; its columns are 64-bit integers.
{name:Identifier} AS (SELECT {columns:Clause} WHERE false)
