-- Every row of a scope.
1
