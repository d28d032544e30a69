# derived tables: what is refused, what depends on what, snapshots
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload trips
| id,fruit,price
| 1,figs,1
| 2,figs,2

> {"method": "table.create", "params": {"table": "a", "from": "trips", "columns": ["id", "price"]}}
< {"result": {"rows": 2}}
> {"method": "table.create", "params": {"table": "b", "from": "a", "where": "price > 1"}}
< {"result": {"rows": 1}}

# names
> {"method": "table.create", "params": {"table": "a", "from": "trips"}}
< {"error": {"code": -32011, "message": "/table `a` already.*replace/"}}
> {"method": "table.create", "params": {"table": "x", "from": "nowhere"}}
< {"error": {"code": -32030}}
> {"method": "table.create", "params": {"table": "x", "from": "trips", "columns": ["prise"]}}
< {"error": {"code": -32031, "message": "/price/"}}
> {"method": "table.create", "params": {"table": "x", "from": "trips", "where": "price >"}}
< {"error": {"code": -32040, "message": "/^where: /", "data": {"position": 7}}}
> {"method": "table.create", "params": {"table": "x", "from": "trips", "join": {"table": "a", "on": [{"left": "fruit", "right": "price"}]}}}
< {"error": {"code": -32041, "message": "/never equal/"}}
> {"method": "table.create", "params": {"table": "x", "from": "trips", "colums": ["id"]}}
< {"error": {"code": -32602, "message": "/colums/"}}
> {"method": "table.create", "params": {"table": "a", "from": "b", "replace": true}}
< {"error": {"code": -32602, "message": "/`a` <- `b` <- `a`/"}}
> {"method": "table.list", "params": {}}
< {"result": [{"table": "trips"}, {"table": "a"}, {"table": "b"}]}

# it cannot be edited, and what it is made from cannot go
> {"method": "table.update", "params": {"table": "a", "set": {"price": 1}}}
< {"error": {"code": -32011, "message": "/`a` is derived.*snapshot/"}}
> {"method": "table.undo", "params": {"table": "a"}}
< {"error": {"code": -32011}}
> {"method": "table.drop", "params": {"table": "trips"}}
< {"error": {"code": -32011, "message": "/`trips` is what `a` is derived from: drop it first/"}}
> {"method": "table.drop", "params": {"table": "a"}}
< {"error": {"code": -32011, "message": "/`b`/"}}

# a column that is gone is an error of what reads the table, until it is there again
> {"method": "output.define", "params": {"output": "o", "kind": "value", "table": "b", "measures": {"n": {"fn": "count"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "o", "data": {"measures": {"n": 1}}}}
> {"method": "table.rename_column", "params": {"table": "trips", "from": "price", "to": "cost"}}
< {"result": {}}
< {"method": "output.state", "params": {"output": "o", "state": "error", "error": {"code": -32031, "message": "/`b` cannot be derived: `a` cannot be derived: .*price/"}}}
> {"method": "table.page", "params": {"table": "a"}}
< {"error": {"code": -32031, "message": "/price/"}}
> {"method": "table.undo", "params": {"table": "trips"}}
< {"result": {}}
< {"method": "output.state", "params": {"output": "o", "state": "ok"}}
> {"method": "table.page", "params": {"table": "a"}}
< {"result": {"data": [[1, 2], [1, 2]]}}

# a snapshot stays, and is a table of its own
> {"method": "table.create", "params": {"table": "kept", "from": "b", "snapshot": true}}
< {"result": {"table": "kept", "version": 1, "rows": 1}}
> {"method": "table.update", "params": {"table": "trips", "set": {"price": {"expr": "price + 10"}}}}
< {"result": {"changed": 2}}
> {"method": "table.page", "params": {"table": "kept"}}
< {"result": {"data": [[2], [2]]}}
> {"method": "table.page", "params": {"table": "b"}}
< {"result": {"data": [[1, 2], [11, 12]]}}
> {"method": "table.append", "params": {"table": "kept", "rows": [{"id": 9, "price": 9}]}}
< {"result": {"rows": 2, "version": 2}}
> {"method": "table.list", "params": {}}
< {"result": [{"table": "trips"}, {"table": "a", "derived": true}, {"table": "b"}, {"table": "kept", "derived": "*none"}]}

# a derived table made one of its own: its name stays, what follows it goes on
> {"method": "table.create", "params": {"table": "a", "from": "a", "snapshot": true, "replace": true}}
< {"result": {"table": "a", "version": "*number", "rows": 2}}
> {"method": "table.update", "params": {"table": "a", "row_ids": [0], "set": {"price": 0}}}
< {"result": {"changed": 1}}
> {"method": "table.page", "params": {"table": "b"}}
< {"result": {"data": [[2], [12]]}}
> {"method": "table.drop", "params": {"table": "trips"}}
< {"result": {}}
> {"method": "table.drop", "params": {"table": "b"}}
< {"result": {}}
> {"method": "table.drop", "params": {"table": "a"}}
< {"result": {}}
