# an edit that cannot be done says why and changes nothing
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,ok,day,at
| apples,1,2.5,true,2024-01-01,2024-01-01T00:00:00Z
| oranges,9223372036854775807,,false,2024-01-02,2024-01-01T00:01:00Z

> {"method": "table.update", "params": {"table": "nope", "set": {"x": 1}}}
< {"error": {"code": -32030}}
> {"method": "table.update", "params": {"table": "fruit"}}
< {"error": {"code": -32602, "message": "/set/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {}}}
< {"error": {"code": -32602, "message": "/names no column/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": {"value": 1}}}}
< {"error": {"code": -32602, "message": "/plain value or/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1}, "where": "x = 1", "row_ids": [1]}}
< {"error": {"code": -32602, "message": "/not both/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1}, "row_ids": [1, 17]}}
< {"error": {"code": -32602, "message": "/no row with id 17/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1}, "row_ids": [-1]}}
< {"error": {"code": -32602, "message": "/row_ids/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"prise": 1}}}
< {"error": {"code": -32031}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1}, "sets": 1}}
< {"error": {"code": -32602, "message": "/sets/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1}, "where": "x ="}}
< {"error": {"code": -32040, "data": {"position": "*number"}}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1}, "where": ""}}
< {"error": {"code": -32040}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": {"expr": "prise + 1"}}}}
< {"error": {"code": -32031}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": 1.5}}}
< {"error": {"code": -32041, "message": "/`x` is of type int, and 1.5 is not: cast the column to float first/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": {"expr": "x + 0.5"}}, "row_ids": [0]}}
< {"error": {"code": -32041, "message": "/`x` is of type int, and the expression gives `1.5`/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": {"expr": "x + 1"}}}}
< {"error": {"code": -32041, "message": "/`x`.*beyond 64 bits/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": "many"}}}
< {"error": {"code": -32041, "message": "/`x` is of type int, and \"many\" is not/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"y": "much"}}}
< {"error": {"code": -32041, "message": "/`y` is of type float/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"category": 5}}}
< {"error": {"code": -32041, "message": "/`category` is of type string, and 5 is not: write it as text/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"category": {"expr": "x"}}}}
< {"error": {"code": -32041, "message": "/`category` is of type string, and the expression gives int.*CAST/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"ok": 2}}}
< {"error": {"code": -32041, "message": "/true or false/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"ok": {"expr": "x"}}}}
< {"error": {"code": -32041, "message": "/`ok` is of type bool/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"day": "2024-02-30"}}}
< {"error": {"code": -32041, "message": "/`day` is of type date/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"day": {"expr": "x"}}}}
< {"error": {"code": -32041, "message": "/`day` is of type date/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"day": 1000}}}
< {"error": {"code": -32041, "message": "/`day`/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"at": "yesterday"}}}
< {"error": {"code": -32041, "message": "/`at` is of type timestamp/"}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"x": [1]}}}
< {"error": {"code": -32041}}
> {"method": "table.append", "params": {"table": "fruit"}}
< {"error": {"code": -32602, "message": "/rows.*columns/"}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [1]}}
< {"error": {"code": -32602, "message": "/list of objects/"}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"prise": 1}]}}
< {"error": {"code": -32031}}
> {"method": "table.append", "params": {"table": "fruit", "columns": {"x": [1, 2], "y": [1]}}}
< {"error": {"code": -32602, "message": "/differ in length/"}}
> {"method": "table.append", "params": {"table": "fruit", "columns": {"x": 1}}}
< {"error": {"code": -32602, "message": "/list of values/"}}
> {"method": "table.append", "params": {"table": "fruit", "columns": {"z": [1]}}}
< {"error": {"code": -32031}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"x": 1}, {"x": "a"}]}}
< {"error": {"code": -32041, "message": "/`x`.*\"a\"/"}}
> {"method": "table.delete_rows", "params": {"table": "fruit"}}
< {"error": {"code": -32602, "message": "/which rows/"}}
> {"method": "table.delete_rows", "params": {"table": "fruit", "row_ids": [5]}}
< {"error": {"code": -32602, "message": "/no row with id 5/"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "x", "type": "int"}}
< {"error": {"code": -32602, "message": "/already/"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "z"}}
< {"error": {"code": -32602, "message": "/`expr`, or a `type`/"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "z", "type": "number"}}
< {"error": {"code": -32602, "message": "/no column type/"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "z", "expr": "x * 2", "frozen": true}}
< {"error": {"code": -32041, "message": "/`z`.*beyond 64 bits/"}}
> {"method": "table.drop_column", "params": {"table": "fruit", "column": "z"}}
< {"error": {"code": -32031}}
> {"method": "table.rename_column", "params": {"table": "fruit", "from": "x", "to": "y"}}
< {"error": {"code": -32602, "message": "/already/"}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "ok", "type": "date"}}
< {"error": {"code": -32041, "message": "/bool, which does not become date/"}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "x", "type": "float"}}
< {"error": {"code": -32041, "message": "/1 value of column `x` does not fit float: \"9223372036854775807\"/"}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "x", "type": "float", "on_error": "maybe"}}
< {"error": {"code": -32602, "message": "/on_error/"}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": []}}
< {"error": {"code": -32602, "message": "/empty/"}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.undo", "params": {}}]}}
< {"error": {"code": -32602, "message": "/is no edit/"}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.delete_rows", "params": {"table": "other", "where": "1"}}]}}
< {"error": {"code": -32602, "message": "/one table/"}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.delete_rows", "params": {"where": "1", "if_version": 1}}]}}
< {"error": {"code": -32602, "message": "/beside ops/"}}
> {"method": "table.history", "params": {"table": "fruit", "limit": 1}}
< {"error": {"code": -32602}}
> {"method": "table.history", "params": {"table": "fruit"}}
< {"result": []}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"columns": ["category", "x", "y", "ok", "day", "at"], "data": [["apples", "oranges"], [1, "9223372036854775807"], [2.5, null], [true, false], ["2024-01-01", "2024-01-02"], "*"]}}
! {"method": "table.changed", "params": {"what": "/change|append|delete/"}}
