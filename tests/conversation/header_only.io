# a file with a header and no row is a table without rows
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@upload hollow
| a,b
> {"method": "table.page", "params": {"table": "hollow", "offset": 0, "limit": 10}}
< {"result": {"rows": 0, "columns": ["a", "b"], "data": [[], []]}}
