# every epoch is closed by a flush: empty where nothing changed
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "input.set", "params": {"values": {"a": 1}, "epoch": 1}}
< {"result": {"epoch": 1}}
< {"method": "flush", "params": {"epoch": 1, "outputs": []}}
> {"method": "output.define", "params": {"output": "n", "kind": "value", "table": "fruit", "where": "x <= $a", "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "n", "epoch": 1, "data": {"measures": {"n": 1}}}}
> {"method": "input.set", "params": {"values": {"a": 1}, "epoch": 2}}
< {"result": {"epoch": 2}}
< {"method": "flush", "params": {"epoch": 2, "outputs": []}}
> {"method": "input.set", "params": {"values": {"b": "unrelated"}, "epoch": 3}}
< {"result": {"epoch": 3}}
< {"method": "flush", "params": {"epoch": 3, "outputs": []}}
> {"method": "input.set", "params": {"values": {"a": 2}, "epoch": 4}}
< {"result": {"epoch": 4}}
< {"method": "output.value", "params": {"output": "n", "epoch": 4, "data": {"measures": {"n": 2}}}}
< {"method": "flush", "params": {"epoch": 4, "outputs": ["n"], "versions": {"fruit": "*number"}}}
> {"notify": "input.set", "params": {"values": {"a": 3}, "epoch": 5}}
< {"method": "output.value", "params": {"output": "n", "epoch": 5, "data": {"measures": {"n": 3}}}}
< {"method": "flush", "params": {"epoch": 5, "outputs": ["n"]}}
> {"method": "input.list"}
< {"result": {"a": 3, "b": "unrelated"}}
