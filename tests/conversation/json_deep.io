# nesting over the limit is refused by name, and the socket lives on
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

>> {"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}
< {"error": {"code": "*number", "message": "/deep|nest/i"}}
> {"method": "table.list"}
< {"result": []}
