# outputs are listed, paused, resumed, defined anew and dropped
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "output.define", "params": {"output": "n", "kind": "value", "table": "fruit", "where": "x <= $a", "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "n"}}
> {"method": "output.list"}
< {"result": [{"output": "n", "kind": "value"}]}
> {"method": "output.pause", "params": {"output": "n"}}
< {"result": {}}
< {"method": "output.state", "params": {"output": "n", "state": "paused"}}
> {"method": "input.set", "params": {"values": {"a": 2}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "flush", "params": {"epoch": 1, "outputs": []}}
! {"method": "output.value", "params": {"output": "n"}}
> {"method": "output.resume", "params": {"output": "n"}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "n", "data": {"measures": {"n": 2}}}}
> {"method": "output.define", "params": {"output": "n", "kind": "histogram", "table": "fruit", "x": "x", "bins": 1}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "n", "kind": "histogram", "data": {"count": [5]}}}
> {"method": "output.drop", "params": {"output": "n"}}
< {"result": {}}
> {"method": "output.list"}
< {"result": []}
