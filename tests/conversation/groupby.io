# a group-by: keys from the data, measures, order, limit
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "output.define", "params": {"output": "g", "kind": "groupby", "table": "fruit", "by": ["category"],
+ "measures": {"n": {"fn": "count"}, "total": {"fn": "sum", "column": "price"}, "mean": {"fn": "mean", "column": "price"}, "least": {"fn": "min", "column": "y"}},
+ "order": {"measure": "total", "desc": true}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "g", "rows": 5, "data": {"groups": 4,
+ "keys": {"category": ["pineapples", "oranges", "apples", "figs"]},
+ "measures": {"n": [1, 1, 1, 2], "total": [4, 2.5, 1.5, 1.25], "mean": [4, 2.5, 1.5, 0.625], "least": [1.5, null, 2.5, 3.5]}}}}
> {"method": "output.define", "params": {"output": "top", "kind": "groupby", "table": "fruit", "by": ["category"],
+ "measures": {"n": {"fn": "count"}}, "order": {"measure": "n", "desc": true}, "limit": 1}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "top", "data": {"groups": 4, "keys": {"category": ["figs"]}, "measures": {"n": [2]}}}}
> {"method": "output.define", "params": {"output": "bad", "kind": "groupby", "table": "fruit", "by": ["category"], "measures": {"m": {"fn": "middle", "column": "x"}}}}
< {"error": {"code": -32602, "message": "/fn.*count.*median/"}}
> {"method": "output.define", "params": {"output": "bad", "kind": "groupby", "table": "fruit", "by": ["category"], "measures": {"m": {"fn": "sum", "column": "category"}}}}
< {"error": {"code": -32041, "message": "/category/"}}
