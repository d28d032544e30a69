# a closed session is gone with all that it holds
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "session.close"}
< {"result": {}}
@socket other
> {"method": "session.open", "params": {"resume": "%token%"}}
< {"error": {"code": -32010}}
