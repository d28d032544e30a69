# derived tables over formulas, and over tables whose formulas follow an input
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload trips
| id,price
| 1,10
| 2,20
| 3,

> {"method": "input.set", "params": {"values": {"rate": 2}}}
< {"result": {}}
> {"method": "table.add_column", "params": {"table": "trips", "name": "cost", "expr": "price * $rate"}}
< {"result": {}}
> {"method": "table.create", "params": {"table": "dear", "from": "trips", "where": "cost > 20", "columns": ["id", "cost", {"name": "half", "expr": "cost / 2"}]}}
< {"result": {"rows": 1}}
> {"method": "table.create", "params": {"table": "twice", "from": "trips", "join": {"table": "trips", "on": ["id"]}, "measures": {"sum": {"fn": "sum", "expr": "cost + cost_2"}}}}
< {"result": {"rows": 1}}
> {"method": "output.define", "params": {"output": "o", "kind": "value", "table": "twice", "measures": {"sum": {"fn": "max", "column": "sum"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "o", "data": {"measures": {"sum": 120}}}}
> {"method": "table.page", "params": {"table": "dear"}}
< {"result": {"columns": ["id", "cost", "half"], "data": [[2], [40], [20]]}}
# the input of the formula changes
> {"method": "input.set", "params": {"values": {"rate": 3}, "epoch": 9}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "o", "data": {"measures": {"sum": 180}}}}
< {"method": "flush", "params": {"epoch": 9, "outputs": ["o"]}}
> {"method": "table.page", "params": {"table": "dear"}}
< {"result": {"data": [[1, 2], [30, 60], [15, 30]]}}
> {"method": "download.create", "params": {"table": "dear"}}
< {"result": {"url": "%url%", "rows": 2}}
# a cell of the formula's source changes: a download makes it anew, too
> {"method": "table.update", "params": {"table": "trips", "row_ids": [2], "set": {"price": 100}}}
< {"result": {}}
> {"method": "download.create", "params": {"table": "dear"}}
< {"result": {"url": "%url2%", "rows": 3}}
@get %url2% 200
| id,cost,half
| 1,30,15
| 2,60,30
| 3,300,150

> {"method": "table.describe", "params": {"table": "dear"}}
< {"result": {"rows": 3, "columns": [{"name": "id"}, {"name": "cost", "type": "*string", "max": 300}, "*"]}}
# a formula that cannot be computed is an error of what reads it
> {"method": "table.add_column", "params": {"table": "dear", "name": "x", "expr": "cost + 1"}}
< {"error": {"code": -32011}}
