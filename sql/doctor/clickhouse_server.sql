-- Who answers, as whom we speak, and in which time zone days are counted.
SELECT version() AS version,
       currentUser() AS user,
       currentDatabase() AS database,
       timezone() AS zone
