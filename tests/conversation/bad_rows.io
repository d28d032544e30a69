# a row that cannot be read is counted with its line and reason
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@upload ragged
| a,b
| 1,2
| 3,4,5
| 6
| 7,8
> {"method": "table.describe", "params": {"table": "ragged"}}
< {"result": {"bad_rows": {"count": "*number", "first": [{"line": 3, "reason": "*string"}, {"line": 4, "reason": "*string"}]}}}
