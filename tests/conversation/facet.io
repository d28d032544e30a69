# a facet makes one panel per value that the data has, and follows the selection
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "output.define", "params": {"output": "f", "kind": "histogram", "table": "fruit", "x": "x", "bins": 2, "where": "category IN ('apples', 'figs')", "facet": {"column": "category"}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "f", "rows": 3, "data": {"facet": {"column": "category", "values": ["figs", "apples"], "counts": [2, 1], "total": 2},
+ "panels": [{"edges": [1, 3, 5], "count": [0, 2]}, {"edges": [1, 3, 5], "count": [1, 0]}]}}}
