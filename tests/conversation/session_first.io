# before session.open every other method is refused
> {"method": "table.list"}
< {"error": {"code": -32001, "message": "/session.open/"}}
> {"method": "session.info"}
< {"error": {"code": -32001}}
> {"method": "session.open", "params": {}}
< {"result": {"resumed": false}}
> {"method": "table.list"}
< {"result": []}
