# after a cut line the session is resumed: tables, inputs, outputs, and every value again
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "select.define", "params": {"select": "s", "table": "fruit", "clauses": [{"column": "x", "between": "$range"}]}}
< {"result": {}}
> {"method": "output.define", "params": {"output": "h", "kind": "histogram", "table": "fruit", "select": "s", "x": "x", "bins": 4}}
< {"result": {}}
> {"method": "input.set", "params": {"values": {"range": [2, 3]}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "flush", "params": {"epoch": 1, "outputs": ["h"]}}
@cut
@socket again
> {"method": "session.open", "params": {"resume": "%token%"}}
< {"result": {"resumed": true, "token": "*string", "tables": [{"table": "fruit", "rows": 5}],
+ "inputs": {"range": [2, 3]}, "outputs": ["*"]}}
< {"method": "output.value", "params": {"output": "h", "rows": 2, "total": 5, "data": {"count": [0, 1, 1, 0]}}}
