# rows are appended and deleted; the others keep their ids
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,ok,at
| apples,1,2.5,true,2024-01-01T00:00:00Z
| oranges,2,,false,2024-01-01T00:01:00Z
| figs,3,3.5,true,2024-01-01T00:02:00Z
| figs,4,4.5,,2024-01-01T00:03:00Z

> {"method": "table.append", "params": {"table": "fruit", "rows": [{"category": "plums", "x": 5, "ok": false, "at": "2024-01-01"}, {}, {"y": 7, "at": 1704067200001}]}}
< {"result": {"rows": 7, "appended": 3}}
< {"method": "table.changed", "params": {"table": "fruit", "rows": 7, "what": "appended 3 rows"}}
> {"method": "table.append", "params": {"table": "fruit", "columns": {"x": [8, "9007199254740993"], "y": ["NaN", null]}}}
< {"result": {"rows": 9, "appended": 2}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"rows": 9, "row_ids": [0, 1, 2, 3, 4, 5, 6, 7, 8], "data": [
+ ["apples", "oranges", "figs", "figs", "plums", null, null, null, null],
+ [1, 2, 3, 4, 5, null, null, 8, "9007199254740993"],
+ [2.5, null, 3.5, 4.5, null, null, 7, null, null],
+ [true, false, true, null, false, null, null, null, null],
+ ["2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", "2024-01-01T00:02:00Z", "2024-01-01T00:03:00Z",
+  "2024-01-01T00:00:00Z", null, "2024-01-01T00:00:00.001Z", null, null]]}}
> {"method": "table.delete_rows", "params": {"table": "fruit", "where": "category = 'figs' OR x = 5"}}
< {"result": {"deleted": 3}}
< {"method": "table.changed", "params": {"what": "appended 2 rows"}}
< {"method": "table.changed", "params": {"rows": 6, "what": "deleted 3 rows"}}
> {"method": "table.delete_rows", "params": {"table": "fruit", "row_ids": [7, 0, 7]}}
< {"result": {"deleted": 2}}
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [8], "set": {"category": "last"}}}
< {"result": {"changed": 1}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"x": 10}]}}
< {"result": {"rows": 5, "appended": 1}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["category", "x"]}}
< {"result": {"row_ids": [1, 5, 6, 8, 9], "data": [["oranges", null, null, "last", null], [2, null, null, "9007199254740993", 10]]}}
> {"method": "table.delete_rows", "params": {"table": "fruit", "where": "1"}}
< {"result": {"deleted": 5}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["x"]}}
< {"result": {"rows": 0, "row_ids": [], "data": [[]]}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"category": "new"}]}}
< {"result": {"rows": 1}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["category"]}}
< {"result": {"row_ids": [10], "data": [["new"]]}}
