# tables are listed, described, paged and dropped
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "table.list"}
< {"result": [{"table": "fruit", "rows": 5, "version": "*number", "shared": false}]}
> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"table": "fruit", "rows": 5, "version": "*number", "bytes": "*number", "source": "*string", "shared": false,
+ "columns": [
+ {"name": "category", "type": "string", "nulls": 0, "min": "apples", "max": "pineapples", "distinct": 4, "distinct_exact": true},
+ {"name": "x", "type": "int", "nulls": 0, "min": 1, "max": 5, "distinct": 5},
+ {"name": "y", "type": "float", "nulls": 1, "min": 1.5, "max": 4.5, "distinct": 4},
+ {"name": "price", "type": "float", "nulls": 0, "min": 0.5, "max": 4, "distinct": 5}],
+ "bad_rows": {"count": 0, "first": []}}}
> {"method": "table.drop", "params": {"table": "fruit"}}
< {"result": {}}
> {"method": "table.list"}
< {"result": []}
> {"method": "table.drop", "params": {"table": "fruit"}}
< {"error": {"code": -32030}}
