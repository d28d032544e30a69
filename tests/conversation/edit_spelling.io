# what was null in its own way stays so in rows that are not edited
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| name,x
| NA,1
| apples,2
| NULL,3
| "",4
| figs,5
| None,6

> {"method": "table.delete_rows", "params": {"table": "fruit", "row_ids": [1, 3]}}
< {"result": {"deleted": 2}}
> {"method": "table.update", "params": {"table": "fruit", "where": "x = 3 OR x = 5", "set": {"name": "plums"}}}
< {"result": {"changed": 2}}
> {"method": "table.append", "params": {"table": "fruit", "rows": [{"x": 7}, {"name": "kiwi"}]}}
< {"result": {"rows": 6}}
> {"method": "download.create", "params": {"table": "fruit"}}
< {"result": {"url": "%url%"}}
@get %url% 200
| name,x
| NA,1
| plums,3
| plums,5
| None,6
| ,7
| kiwi,
