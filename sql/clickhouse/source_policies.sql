-- Source tables of which a row policy hides rows from us. Asks for a grant that few users have.
SELECT DISTINCT concat(if(database = currentDatabase(), '', concat(database, '.')), table) AS table
FROM system.row_policies
WHERE ((database = currentDatabase() AND table IN {tables:Array(String)})
    OR concat(database, '.', table) IN {tables:Array(String)}
    OR (database = currentDatabase() AND table = ''))
  AND ifNull(select_filter, '1') NOT IN ('1', 'true')
  AND ((apply_to_all AND NOT hasAny(apply_to_except, arrayPushBack(currentRoles(), currentUser())))
    OR hasAny(apply_to_list, arrayPushBack(currentRoles(), currentUser())))
ORDER BY table
