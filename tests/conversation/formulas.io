# formulas follow their columns, other formulas and inputs, and are changed, frozen and taken back
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,price
| apples,1,1.5
| oranges,2,0.5
| figs,,4
| plums,4,2.5

> {"method": "input.set", "params": {"values": {"tax": 1}}}
< {"result": {"epoch": 1}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "total", "expr": "Price * X"}}
< {"result": {"version": "*number"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "gross", "expr": "total * (1 + $tax)"}}
< {"result": {"version": "*number"}}
> {"method": "output.define", "params": {"output": "sum", "kind": "value", "table": "fruit", "measures": {"gross": {"fn": "sum", "column": "gross"}, "total": {"fn": "sum", "column": "total"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "sum", "data": {"measures": {"gross": 25, "total": 12.5}}}}
> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"columns": [{"formula": "*none"}, {}, {}, {"name": "total", "type": "float", "formula": "price * x", "nulls": 1, "max": 10, "misfits": "*none"},
+ {"name": "gross", "formula": "total * (1 + $tax)", "min": 2}]}}

# a cell is edited: both follow
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 3}, "row_ids": [2]}}
< {"result": {"changed": 1}}
< {"method": "output.value", "params": {"output": "sum", "data": {"measures": {"gross": 49, "total": 24.5}}}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["gross", "category"], "sort": [{"column": "total", "desc": true}], "where": "gross > 2"}}
< {"result": {"version": "%version%", "data": [[24, 20, 3], ["figs", "plums", "apples"]]}}

# an input is set: what follows it follows, the version goes up, and an edit of before is no conflict
@forget
> {"method": "input.set", "params": {"values": {"tax": 3}}}
< {"result": {"epoch": 2}}
< {"method": "table.changed", "params": {"table": "fruit", "what": "formulas follow new inputs"}}
< {"method": "output.value", "params": {"output": "sum", "data": {"measures": {"gross": 98, "total": 24.5}}}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"price": 0}, "where": "gross = 48", "if_version": "%version%"}}
< {"result": {"changed": 1}}
< {"method": "output.value", "params": {"output": "sum", "data": {"measures": {"gross": 50, "total": 12.5}}}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"price": 1}, "where": "gross = 48", "if_version": "%version%"}}
< {"error": {"code": -32021}}

# what is refused, and why
> {"method": "table.update", "params": {"table": "fruit", "set": {"total": 3}}}
< {"error": {"code": -32011, "message": "/`total` is a formula \\(price \\* x\\).*set_formula.*freeze_column/"}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"total": 1}]}}
< {"error": {"code": -32011, "message": "/`total` is a formula/"}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "total", "type": "int"}}
< {"error": {"code": -32011, "message": "/`total` is a formula/"}}
> {"method": "table.drop_column", "params": {"table": "fruit", "column": "total"}}
< {"error": {"code": -32011, "message": "/`total` is read by the formula of `gross`/"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "loop", "expr": "loop + 1"}}
< {"error": {"code": -32040, "message": "formulas cannot read themselves: loop -> loop"}}
> {"method": "table.set_formula", "params": {"table": "fruit", "column": "x", "expr": "gross"}}
< {"error": {"code": -32040, "message": "formulas cannot read themselves: x -> gross -> total -> x"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "z", "expr": "prise * 2"}}
< {"error": {"code": -32031, "message": "/Did you mean \"price\"/", "data": {"position": 0}}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "z", "expr": "category", "type": "int"}}
< {"error": {"code": -32041, "message": "/`z` is to be of type int, and its formula gives string/"}}
> {"method": "table.freeze_column", "params": {"table": "fruit", "column": "x"}}
< {"error": {"code": -32011, "message": "/is no formula/"}}

# rows that are added compute
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"category": "kiwis", "x": 2, "price": 1}]}}
< {"result": {"rows": 5}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["total", "gross"], "offset": 4}}
< {"result": {"data": [[2], [8]]}}

# a source is renamed: the text says so
> {"method": "table.rename_column", "params": {"table": "fruit", "from": "price", "to": "price each"}}
< {"result": {"version": "*number"}}
> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"columns": [{}, {}, {}, {"formula": "\"price each\" * x"}, {"formula": "total * (1 + $tax)"}]}}

# set_formula, freeze, and all of it taken back, with the inputs of now
> {"method": "table.set_formula", "params": {"table": "fruit", "column": "total", "expr": "x * 9223372036854775807"}}
< {"result": {"version": "*number"}}
> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"columns": [{}, {}, {}, {"type": "int", "nulls": 4, "misfits": 4}, {"type": "int", "nulls": 5, "misfits": 1}]}}
> {"method": "table.set_formula", "params": {"table": "fruit", "column": "total", "expr": "x * 10", "type": "float"}}
< {"result": {"version": "*number"}}
> {"method": "table.freeze_column", "params": {"table": "fruit", "column": "gross"}}
< {"result": {"version": "*number"}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.update", "params": {"set": {"gross": 1}, "where": "gross < 100"}}, {"method": "table.add_column", "params": {"name": "half", "expr": "gross / 2"}}, {"method": "table.update", "params": {"set": {"category": "much"}, "where": "half > 1"}}, {"method": "table.rename_column", "params": {"from": "half", "to": "h"}}, {"method": "table.freeze_column", "params": {"column": "h"}}]}}
< {"result": {"results": [{"changed": 3}, {}, {"changed": 2}, {}, {}]}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["category", "gross", "h"]}}
< {"result": {"data": [["apples", "oranges", "much", "much", "kiwis"], [1, 1, 120, 160, 1], [0.5, 0.5, 60, 80, 0.5]]}}
> {"method": "input.set", "params": {"values": {"tax": 0}}}
< {"result": {"epoch": 3}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "/^5 changes: changed `gross` in 3 rows; added column `half` = gross / 2; /"}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "made column `gross` values"}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["total", "gross"]}}
< {"result": {"data": [[10, 20, 30, 40, 20], [10, 20, 30, 40, 20]]}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "set formula `total` = x * 10"}}
> {"method": "table.undo", "params": {"table": "fruit"}}
< {"result": {"undone": "set formula `total` = x * 9223372036854775807"}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["total", "gross"]}}
< {"result": {"data": [[1.5, 1, 0, 10, 2], [1.5, 1, 0, 10, 2]]}}

# inputs that a formula cannot have: an output that reads it gets the reason, a page beside its nulls
> {"method": "input.set", "params": {"values": {"tax": [1, 2]}}}
< {"result": {"epoch": 4}}
< {"method": "output.state", "params": {"output": "sum", "state": "error", "error": {"code": -32040, "message": "/formula of column `gross`/"}}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"data": ["*", "*", "*", [1.5, 1, 0, 10, 2], [null, null, null, null, null]], "formula_errors": [{"column": "gross", "message": "/cannot be computed with the inputs as they are: /"}]}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["total"]}}
< {"result": {"data": [[1.5, 1, 0, 10, 2]]}}
> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"columns": [{}, {}, {}, {}, {"formula_error": "*string"}]}}
> {"method": "input.set", "params": {"values": {"tax": null}}}
< {"result": {"epoch": 5}}
< {"method": "output.state", "params": {"output": "sum", "state": "ok"}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["gross"], "limit": 2}}
< {"result": {"data": [[null, null]]}}
