# a brush that is announced: its first move shows what it would have shown, and so do the next ones
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "select.hint", "params": {"input": "r"}}
< {"result": {"outputs": 0}}
> {"method": "select.define", "params": {"select": "s", "table": "fruit", "clauses": [{"column": "x", "between": "$r"}, {"column": "category", "in": "$c"}]}}
< {"result": {}}
> {"method": "output.define", "params": {"output": "c", "kind": "value", "table": "fruit", "select": "s", "measures": {"n": {"fn": "count"}, "m": {"fn": "max", "column": "price"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 5, "m": 4}}}}
> {"method": "select.hint", "params": {"input": "r"}}
< {"result": {"outputs": 1}}
> {"method": "select.hint", "params": {"input": "nobody"}}
< {"result": {"outputs": 0}}
> {"method": "input.set", "params": {"values": {"r": [2, 4]}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 3, "m": 2.5}}}}
> {"method": "select.hint", "params": {"input": "c"}}
< {"result": {"outputs": 1}}
> {"method": "input.set", "params": {"values": {"c": ["figs", "apples"]}, "epoch": 2}}
< {"result": {"epoch": 2}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 2, "m": 0.75}}}}
> {"method": "input.set", "params": {"values": {"c": ["pineapples"]}, "epoch": 3}}
< {"result": {"epoch": 3}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 0, "m": null}}}}
> {"method": "select.hint", "params": {}}
< {"error": {"code": -32602}}
