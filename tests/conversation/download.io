# a download gives back the rows as CSV, whole or filtered
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@upload notes
| id,note,amount
| 1,"a, b",1.5
| 2,"said ""hi""",
| 3,plain,0.1
> {"method": "download.create", "params": {"table": "notes", "format": "csv"}}
< {"result": {"url": "%url%", "expires_s": "*number"}}
@get %url% 200
| id,note,amount
| 1,"a, b",1.5
| 2,"said ""hi""",
| 3,plain,0.1
> {"method": "download.create", "params": {"table": "notes", "format": "csv", "columns": ["amount", "id"], "where": "amount IS NOT NULL", "sort": [{"column": "amount"}]}}
< {"result": {"url": "%second%"}}
@get %second% 200
| amount,id
| 0.1,3
| 1.5,1
> {"method": "download.create", "params": {"table": "nothing", "format": "csv"}}
< {"error": {"code": -32030}}
> {"method": "download.create", "params": {"table": "notes", "format": "xlsx"}}
< {"error": {"code": -32602, "message": "/csv/"}}
@get /download/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 404
