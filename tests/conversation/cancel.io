# cancelling what is not running changes nothing
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

> {"notify": "$/cancel", "params": {"id": 12345}}
> {"method": "table.list"}
< {"result": []}
