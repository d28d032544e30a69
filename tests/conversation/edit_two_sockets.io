# two sockets edit one table at once: versions order them, both see every change
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x
| apples,1
| oranges,2
| figs,3

> {"method": "output.define", "params": {"output": "sum", "kind": "value", "table": "fruit", "measures": {"s": {"fn": "sum", "column": "x"}}}}
< {"result": {}}
@socket other
> {"method": "session.open", "params": {"resume": "%token%"}}
< {"result": {"resumed": true}}
> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"version": "%v%"}}
@socket main
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [0], "set": {"x": 10}}}
@socket other
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [1], "set": {"x": {"expr": "x * 100"}}}}
@socket main
< {"result": {"changed": 1}}
< {"method": "table.changed", "params": {"table": "fruit", "what": "changed `x` in 1 row"}}
< {"method": "table.changed", "params": {"table": "fruit", "what": "changed `x` in 1 row"}}
@socket other
< {"result": {"changed": 1}}
< {"method": "table.changed", "params": {"table": "fruit", "what": "changed `x` in 1 row"}}
< {"method": "table.changed", "params": {"table": "fruit", "what": "changed `x` in 1 row"}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["x"]}}
< {"result": {"version": "%w%", "data": [[10, 200, 3]]}}
@socket main
> {"method": "table.page", "params": {"table": "fruit", "columns": ["x"]}}
< {"result": {"version": "%w%", "data": [[10, 200, 3]]}}
# of two that both go by the same version, one loses and hears the current one
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [0], "set": {"x": 11}, "if_version": "%w%"}}
< {"result": {"changed": 1, "version": "%now%"}}
@socket other
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [0], "set": {"x": 99}, "if_version": "%w%"}}
< {"error": {"code": -32021, "message": "/no longer/", "data": {"version": "%now%"}}}
> {"method": "table.undo", "params": {"table": "fruit", "if_version": "%now%"}}
< {"result": {"undone": "changed `x` in 1 row"}}
@socket main
< {"method": "table.changed", "params": {"what": "changed `x` in 1 row"}}
< {"method": "table.changed", "params": {"what": "undone: changed `x` in 1 row"}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["x"]}}
< {"result": {"data": [[10, 200, 3]]}}
