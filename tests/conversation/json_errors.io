# text that is no request is answered with the error of JSON-RPC, and the socket lives on
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

>> {"jsonrpc": "2.0", "id": 1, "method":
< {"error": {"code": -32700}}
>> [{"jsonrpc": "2.0", "id": 1, "method": "table.list"}]
< {"error": {"code": -32600, "message": "/batch/i"}}
>> {"id": 3, "method": "table.list"}
< {"error": {"code": -32600, "message": "/jsonrpc/"}}
>> {"jsonrpc": "2.0", "id": 4}
< {"error": {"code": -32600, "message": "/method/"}}
>> {"jsonrpc": "2.0", "id": 5, "method": 7}
< {"error": {"code": -32600}}
>> {"jsonrpc": "2.0", "id": {}, "method": "table.list"}
< {"error": {"code": -32600, "message": "/id/"}}
>> {"jsonrpc": "2.0", "id": 7, "method": "table.list", "params": [1]}
< {"error": {"code": "*number"}}
>> {"jsonrpc": "2.0", "id": 8, "method": "table.list", "id": 9}
< {"error": {"code": "*number", "message": "*string"}}
>> 42
< {"error": {"code": -32600}}
>> {"a": 01}
< {"error": {"code": -32700}}
>> {"jsonrpc": "2.0", "id": 9, "method": "table.list"} x
< {"error": {"code": -32700}}
>> {"a": "\u0000"}
< {"error": {"code": "*number"}}
> {"method": "table.list"}
< {"result": []}
