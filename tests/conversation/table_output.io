# a table output is a page that follows the selection
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "select.define", "params": {"select": "s", "table": "fruit", "clauses": [{"column": "category", "equals": "$category"}]}}
< {"result": {}}
> {"method": "output.define", "params": {"output": "t", "kind": "table", "table": "fruit", "select": "s", "offset": 0, "limit": 2, "columns": ["x"], "sort": [{"column": "x", "desc": true}]}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "t", "rows": 5, "data": {"rows": 5, "row_ids": [4, 3], "data": [[5, 4]]}}}
> {"method": "input.set", "params": {"values": {"category": "figs"}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "output.value", "params": {"output": "t", "rows": 2, "data": {"rows": 2, "row_ids": [3, 2], "data": [[4, 3]]}}}
