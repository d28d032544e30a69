# any edit is taken back and done again; the history says what was done
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x
| apples,1
| oranges,2
| figs,3

> {"method": "table.history", "params": {"table": "fruit"}}
< {"result": []}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"error": {"code": -32020, "message": "/nothing was done to `fruit`/"}}
> {"method": "table.redo", "params": {"table": "fruit"}}
< {"error": {"code": -32020, "message": "/redone/"}}
> {"method": "output.define", "params": {"output": "sum", "kind": "value", "table": "fruit", "measures": {"s": {"fn": "sum", "column": "x"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "sum", "data": {"measures": {"s": 6}}}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": {"expr": "x * 10"}}, "where": "x > 1"}}
< {"result": {"changed": 2}}
< {"method": "output.value", "params": {"output": "sum", "data": {"measures": {"s": 51}}}}
> {"method": "table.delete_rows", "params": {"table": "fruit", "row_ids": [0]}}
< {"result": {"deleted": 1, "version": "%v%"}}
> {"method": "table.history", "params": {"table": "fruit"}}
< {"result": [{"what": "changed `x` in 2 rows", "rows": 2, "time": "/^20.*Z$/"}, {"version": "%v%", "what": "deleted 1 row", "rows": 1, "undone": "*none"}]}
> {"method": "table.undo", "params": {"table": "fruit", "if_version": 1000}}
< {"error": {"code": -32021, "data": {"version": "%v%"}}}
@forget
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "deleted 1 row"}}
< {"method": "table.changed", "params": {"rows": 3, "what": "undone: deleted 1 row"}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "changed `x` in 2 rows"}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"row_ids": [0, 1, 2], "data": [["apples", "oranges", "figs"], [1, 2, 3]]}}
> {"method": "table.redo", "params": {"table": "fruit"}}
< {"result": {"redone": "changed `x` in 2 rows"}}
> {"method": "table.history", "params": {"table": "fruit"}}
< {"result": [{"undone": "*none"}, {"what": "deleted 1 row", "undone": true}]}
# a new edit ends what can be redone; ids of rows that were taken back are not given again
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"x": 7}]}}
< {"result": {"rows": 4}}
> {"method": "table.redo", "params": {"table": "fruit"}}
< {"error": {"code": -32020}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "appended 1 row"}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"x": 8}]}}
< {"result": {"rows": 4}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"row_ids": [0, 1, 2, 4], "data": [["apples", "oranges", "figs", null], [1, 20, 30, 8]]}}
# a batch is one step: all or nothing
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.add_column", "params": {"name": "z", "expr": "x + 1", "frozen": true}}, {"method": "table.update", "params": {"set": {"z": {"expr": "z * 2"}}, "where": "x >= 8"}}, {"method": "table.append", "params": {"table": "fruit", "rows": [{"z": 1}]}}, {"method": "table.cast_column", "params": {"column": "z", "type": "float"}}]}}
< {"result": {"version": "%w%", "results": [{}, {"changed": 3}, {"rows": 5, "appended": 1}, {"misfits": 0}]}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["z"]}}
< {"result": {"version": "%w%", "data": [[2, 42, 62, 18, 1]]}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.delete_rows", "params": {"where": "1"}}, {"method": "table.update", "params": {"set": {"nope": 1}}}]}}
< {"error": {"code": -32031, "message": "/^change 2: /"}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "/^4 changes: added column `z`; changed `z` in 3 rows; appended 1 row; made `z` a float column$/"}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"columns": ["category", "x"], "rows": 4}}
