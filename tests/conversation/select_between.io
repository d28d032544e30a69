# the ends of a between are both in, unless the clause says otherwise; either may be null
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "select.define", "params": {"select": "closed", "table": "fruit", "clauses": [{"column": "x", "between": "$r"}]}}
< {"result": {}}
> {"method": "select.define", "params": {"select": "half", "table": "fruit", "clauses": [{"column": "x", "between": "$r", "ends": "[)"}]}}
< {"result": {}}
> {"method": "output.define", "params": {"output": "c", "kind": "value", "table": "fruit", "select": "closed", "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
> {"method": "output.define", "params": {"output": "h", "kind": "value", "table": "fruit", "select": "half", "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 5}}}}
< {"method": "output.value", "params": {"output": "h", "data": {"measures": {"n": 5}}}}
> {"method": "input.set", "params": {"values": {"r": [2, 4]}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 3}}}}
< {"method": "output.value", "params": {"output": "h", "data": {"measures": {"n": 2}}}}
> {"method": "input.set", "params": {"values": {"r": [null, 2]}, "epoch": 2}}
< {"result": {"epoch": 2}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 2}}}}
< {"method": "output.value", "params": {"output": "h", "data": {"measures": {"n": 1}}}}
> {"method": "input.set", "params": {"values": {"r": [4, null]}, "epoch": 3}}
< {"result": {"epoch": 3}}
< {"method": "output.value", "params": {"output": "c", "data": {"measures": {"n": 2}}}}
< {"method": "output.value", "params": {"output": "h", "data": {"measures": {"n": 2}}}}
