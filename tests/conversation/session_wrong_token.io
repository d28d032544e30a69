# a token that nobody was given is refused, and the client may open anew
> {"method": "session.open", "params": {"resume": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}
< {"error": {"code": -32010, "message": "*string"}}
> {"method": "session.open", "params": {"resume": ""}}
< {"error": {"code": -32010}}
> {"method": "session.open", "params": {"resume": 7}}
< {"error": {"code": -32602, "message": "/resume/"}}
> {"method": "session.open", "params": {}}
< {"result": {"resumed": false}}
