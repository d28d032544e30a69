# types come from the whole column: dates, times, booleans, text that only looks like numbers
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@upload kinds
| day,at,yes,zip,mixed,empty
| 2024-02-29,2024-02-29T12:00:00Z,true,01234,1,
| 2025-01-01,2025-01-01T00:00:00.5+01:00,false,99999,2.5,
| NA,,NULL,00000,x,
> {"method": "table.page", "params": {"table": "kinds", "offset": 0, "limit": 10}}
< {"result": {"columns": ["day", "at", "yes", "zip", "mixed", "empty"], "types": ["date", "timestamp", "bool", "string", "string", "*"],
+ "data": [["2024-02-29", "2025-01-01", null], ["2024-02-29T12:00:00Z", "/^2024-12-31T23:00:00.5(00)?Z$/", null], [true, false, null],
+ ["01234", "99999", "00000"], ["1", "2.5", "x"], [null, null, null]]}}
