# tables made from others: joins, groups, expressions, distinct, pivot, sort, limit
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload trips
| id,station,fruit,price,day
| 1,7,figs,1.5,2024-01-01
| 2,8,figs,2.5,2024-01-02
| 3,7,apples,4,2024-02-03
| 4,,apples,8,2024-02-04
| 5,9,kiwi,,2024-02-05

@upload stations
| station,city,price
| 7,Basel,100
| 8,Köln,200
| 7,Basel Nord,300

# each trip with its stations: trip 1 and 3 have two, 4 and 5 none
> {"method": "table.create", "params": {"table": "both", "from": "trips", "join": {"table": "stations", "on": ["station"], "kind": "left"}}}
< {"result": {"table": "both", "version": 1, "rows": 7}}
< {"method": "table.changed", "params": {"table": "both", "rows": 7, "version": 1, "what": "derived from `trips` and `stations`"}}
> {"method": "table.page", "params": {"table": "both"}}
< {"result": {"columns": ["id", "station", "fruit", "price", "day", "city", "price_2"], "row_ids": [0, 1, 2, 3, 4, 5, 6],
+ "data": [[1, 1, 2, 3, 3, 4, 5], [7, 7, 8, 7, 7, null, 9], "*", "*", "*",
+ ["Basel", "Basel Nord", "Köln", "Basel", "Basel Nord", null, null], [100, 300, 200, 100, 300, null, null]]}}
> {"method": "table.create", "params": {"table": "inner", "from": "trips", "join": {"table": "stations", "on": [{"left": "station", "right": "station"}], "suffix": "_there"}, "where": "price_there > 100 AND price < 4", "columns": ["id", {"name": "where", "expr": "upper(city)"}, {"name": "paid", "column": "price"}], "sort": [{"column": "where", "desc": true}]}}
< {"result": {"rows": 2}}
> {"method": "table.page", "params": {"table": "inner"}}
< {"result": {"columns": ["id", "where", "paid"], "data": [[2, 1], ["KöLN", "BASEL NORD"], [2.5, 1.5]]}}

# groups by columns and expressions
> {"method": "table.create", "params": {"table": "by_month", "from": "trips", "group_by": [{"name": "month", "expr": "date_trunc('month', day)"}], "measures": {"n": {"fn": "count"}, "sum": {"fn": "sum", "column": "price"}, "half": {"fn": "max", "expr": "price / 2"}}}}
< {"result": {"rows": 2}}
> {"method": "table.page", "params": {"table": "by_month"}}
< {"result": {"columns": ["month", "n", "sum", "half"], "types": ["date", "int", "float", "float"], "data": [["2024-01-01", "2024-02-01"], [2, 3], [4, 12], [1.25, 4]]}}
> {"method": "table.create", "params": {"table": "means", "from": "trips", "group_by": ["fruit"], "measures": {"n": {"fn": "count"}, "sum": {"fn": "sum", "column": "price"}}, "having": "n > 1", "columns": ["fruit", {"name": "mean", "expr": "sum / n"}], "sort": [{"column": "mean", "desc": true}], "limit": 1}}
< {"result": {"rows": 1}}
> {"method": "table.page", "params": {"table": "means"}}
< {"result": {"data": [["apples"], [6]]}}

# distinct rows; columns of the data
> {"method": "table.create", "params": {"table": "kinds", "from": "trips", "columns": ["fruit"], "distinct": true}}
< {"result": {"rows": 3}}
> {"method": "table.page", "params": {"table": "kinds"}}
< {"result": {"data": [["figs", "apples", "kiwi"]]}}
> {"method": "table.create", "params": {"table": "wide", "from": "trips", "group_by": ["station"], "pivot": {"column": "fruit", "measure": {"fn": "count"}}}}
< {"result": {"rows": 4}}
> {"method": "table.page", "params": {"table": "wide"}}
< {"result": {"columns": ["station", "apples", "figs", "kiwi"], "data": [[7, 8, 9, null], [1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 0]]}}
> {"method": "table.create", "params": {"table": "wide", "from": "trips", "pivot": {"column": "id", "limit": 2, "measure": {"fn": "count"}}, "replace": true}}
< {"error": {"code": -32050, "data": {"limit": "pivot_columns", "allowed": 2}}}
> {"method": "table.page", "params": {"table": "wide", "columns": ["figs"]}}
< {"result": {"data": [[1, 1, 0, 0]]}}

# it is described, charted and downloaded as any table
> {"method": "table.describe", "params": {"table": "by_month"}}
< {"result": {"rows": 2, "status": "ready", "source": "derived from `trips`, by `month`", "derived": {"from": "trips"}, "columns": [{"name": "month", "type": "date", "distinct": 2}, "..."]}}
> {"method": "output.define", "params": {"output": "bars", "kind": "groupby", "table": "both", "by": ["city"], "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "bars", "rows": 7, "data": {"keys": {"city": ["Basel", "Basel Nord", "Köln", null]}, "measures": {"n": [2, 2, 1, 2]}}}}
> {"method": "download.create", "params": {"table": "by_month"}}
< {"result": {"url": "%url%"}}
@get %url% 200
| month,n,sum,half
| 2024-01-01,2,4,1.25
| 2024-02-01,3,12,4
