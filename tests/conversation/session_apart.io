# a session sees nothing of another's tables
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

@socket stranger
> {"method": "session.open", "params": {}}
< {"result": {"tables": []}}
> {"method": "table.list"}
< {"result": []}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 1}}
< {"error": {"code": -32030}}
> {"method": "output.define", "params": {"output": "h", "kind": "histogram", "table": "fruit", "x": "x", "bins": 4}}
< {"error": {"code": -32030, "message": "/fruit/"}}
