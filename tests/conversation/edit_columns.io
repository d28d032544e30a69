# columns are added, dropped, renamed, and cast with a count of what does not fit
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,note
| apples,1,10
| oranges,2,n.b.
| figs,,30
| plums,4,4.5

> {"method": "table.add_column", "params": {"table": "fruit", "name": "double", "expr": "x * 2"}}
< {"result": {"version": "*number"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "half", "expr": "x / 2.0", "type": "float", "frozen": true}}
< {"result": {"version": "*number"}}
> {"method": "table.add_column", "params": {"table": "fruit", "name": "remark", "type": "string"}}
< {"result": {"version": "*number"}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["double", "half", "remark"]}}
< {"result": {"types": ["int", "float", "string"], "data": [[2, 4, null, 8], [0.5, 1, null, 2], [null, null, null, null]]}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "note", "type": "int"}}
< {"error": {"code": -32041, "message": "/2 values of column `note` do not fit int: \"n.b.\" \\(row id 1\\), \"4.5\" \\(row id 3\\)/"}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "note", "type": "int", "on_error": "null"}}
< {"result": {"misfits": 2, "examples": [{"row_id": 1, "value": "n.b."}, {"row_id": 3, "value": "4.5"}]}}
> {"method": "table.cast_column", "params": {"table": "fruit", "column": "half", "type": "string"}}
< {"result": {"misfits": 0, "examples": []}}
> {"method": "table.rename_column", "params": {"table": "fruit", "from": "half", "to": "Half of x"}}
< {"result": {"version": "*number"}}
> {"method": "table.drop_column", "params": {"table": "fruit", "column": "double"}}
< {"result": {"version": "*number"}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"columns": ["category", "x", "note", "Half of x", "remark"],
+ "types": ["string", "int", "int", "string", "string"],
+ "data": [["apples", "oranges", "figs", "plums"], [1, 2, null, 4], [10, null, 30, null],
+ ["0.5", "1.0", null, "2.0"], [null, null, null, null]]}}
> {"method": "table.batch", "params": {"table": "fruit", "ops": [{"method": "table.drop_column", "params": {"column": "x"}}, {"method": "table.drop_column", "params": {"column": "note"}}, {"method": "table.drop_column", "params": {"column": "remark"}}, {"method": "table.drop_column", "params": {"column": "Half of x"}}]}}
< {"result": {"results": [{}, {}, {}, {}]}}
> {"method": "table.drop_column", "params": {"table": "fruit", "column": "category"}}
< {"error": {"code": -32011, "message": "/only column/"}}
