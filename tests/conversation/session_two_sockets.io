# two sockets on one session: what one sets, both see
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

@socket other
> {"method": "session.open", "params": {"resume": "%token%"}}
< {"result": {"resumed": true}}
> {"method": "session.info"}
< {"result": {"connections": 2, "tables": 1}}
> {"method": "output.define", "params": {"output": "n", "kind": "value", "table": "fruit", "where": "x > $low", "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "n"}}
@socket main
< {"method": "output.value", "params": {"output": "n"}}
> {"method": "input.set", "params": {"values": {"low": 3}, "epoch": 5}}
< {"result": {"epoch": 5}}
< {"method": "output.value", "params": {"output": "n", "data": {"measures": {"n": 2}}}}
< {"method": "flush", "params": {"epoch": 5, "outputs": ["n"]}}
@socket other
< {"method": "output.value", "params": {"output": "n", "data": {"measures": {"n": 2}}}}
