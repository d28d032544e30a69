# the upload's types override what would have been found
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@upload forced types={"code":"string"}
| code,n
| 1,2
| 2,3
> {"method": "table.page", "params": {"table": "forced", "offset": 0, "limit": 10}}
< {"result": {"columns": ["code", "n"], "types": ["string", "int"], "data": [["1", "2"], [2, 3]]}}
