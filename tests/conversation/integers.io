# integers are exact: beyond 2^53 they travel as decimal strings
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@upload big
| n
| 9007199254740993
| -9223372036854775808
| 9223372036854775807
| 7
> {"method": "table.page", "params": {"table": "big", "offset": 0, "limit": 10}}
< {"result": {"columns": ["n"], "types": ["int"], "data": [["9007199254740993", "-9223372036854775808", "9223372036854775807", 7]]}}
> {"method": "table.page", "params": {"table": "big", "offset": 0, "limit": 10, "where": "n = 9007199254740993"}}
< {"result": {"rows": 1, "row_ids": [0]}}
