# a selection follows inputs; a clause whose input is null or unset is off; except leaves one out
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "select.define", "params": {"select": "brush", "table": "fruit", "clauses": [
+ {"column": "x", "between": "$x"}, {"column": "category", "in": "$categories"}, {"name": "cheap", "expr": "price < $limit"}]}}
< {"result": {}}
> {"method": "output.define", "params": {"output": "x", "kind": "histogram", "table": "fruit", "select": "brush", "except": ["x"], "x": "x", "bins": 4}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "x", "rows": 5, "data": {"count": [1, 1, 1, 2]}}}
> {"method": "output.define", "params": {"output": "n", "kind": "value", "table": "fruit", "select": "brush", "measures": {"n": {"fn": "count"}, "sum": {"fn": "sum", "column": "price"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "n", "rows": 5, "data": {"measures": {"n": 5, "sum": "~9.25"}}}}
@forget

# a brush on x does not filter the chart that owns it
> {"method": "input.set", "params": {"values": {"x": [2, 4]}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "output.value", "params": {"output": "n", "epoch": 1, "rows": 3, "data": {"measures": {"n": 3, "sum": "~3.75"}}}}
< {"method": "flush", "params": {"epoch": 1, "outputs": ["n"]}}
! {"method": "output.value", "params": {"output": "x"}}

# categories filter both
> {"method": "input.set", "params": {"values": {"categories": ["figs", "apples"]}, "epoch": 2}}
< {"result": {"epoch": 2}}
< {"method": "output.value", "params": {"output": "x", "epoch": 2, "rows": 3, "data": {"count": [1, 0, 1, 1]}}}
< {"method": "output.value", "params": {"output": "n", "epoch": 2, "rows": 2, "data": {"measures": {"n": 2}}}}
< {"method": "flush", "params": {"epoch": 2}}

# an expression with an input
> {"method": "input.set", "params": {"values": {"limit": 0.6}, "epoch": 3}}
< {"result": {"epoch": 3}}
< {"method": "output.value", "params": {"output": "x", "epoch": 3, "data": {"count": [0, 0, 1, 0]}}}
< {"method": "output.value", "params": {"output": "n", "epoch": 3, "data": {"measures": {"n": 1, "sum": 0.5}}}}
< {"method": "flush", "params": {"epoch": 3}}

# an empty list selects nothing; null takes the clause away
> {"method": "input.set", "params": {"values": {"categories": []}, "epoch": 4}}
< {"result": {"epoch": 4}}
< {"method": "output.value", "params": {"output": "n", "epoch": 4, "rows": 0, "data": {"measures": {"n": 0, "sum": null}}}}
< {"method": "flush", "params": {"epoch": 4}}
> {"method": "input.set", "params": {"values": {"categories": null, "x": null, "limit": null}, "epoch": 5}}
< {"result": {"epoch": 5}}
< {"method": "output.value", "params": {"output": "n", "epoch": 5, "rows": 5, "data": {"measures": {"n": 5}}}}
< {"method": "flush", "params": {"epoch": 5, "outputs": ["*", "*"]}}
