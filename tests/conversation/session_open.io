# a session opens with a token, its limits and empty lists
> {"method": "session.open", "params": {"app": "demo"}}
< {"result": {"session": "*string", "token": "/^[A-Za-z0-9_-]{43,}$/", "resumed": false, "app": "demo",
+ "idle_timeout_s": "*number", "limits": {}, "server": {"name": "spillway", "version": "*string", "protocol": 1},
+ "tables": [], "inputs": {}, "outputs": []}}
> {"method": "session.info"}
< {"result": {"memory_bytes": "*number", "memory_limit_bytes": "*number", "spilled_bytes": 0, "disk_bytes": "*number", "shared_bytes": "*number",
+ "state": "live", "connections": 1, "tables": 0, "uptime_s": "*number"}}
