# a page is any window of a table, by columns, sorted, filtered
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "table.page", "params": {"table": "fruit", "offset": 1, "limit": 2}}
< {"result": {"rows": 5, "offset": 1, "row_ids": [1, 2],
+ "columns": ["category", "x", "y", "price"],
+ "data": [["oranges", "figs"], [2, 3], [null, 3.5], [2.5, 0.5]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 10, "columns": ["y", "category"], "sort": [{"column": "y", "desc": true}]}}
< {"result": {"rows": 5, "row_ids": [3, 2, 0, 4, 1],
+ "data": [[4.5, 3.5, 2.5, 1.5, null], ["figs", "figs", "apples", "pineapples", "oranges"]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 10, "columns": ["x"], "sort": [{"column": "y"}]}}
< {"result": {"data": [[5, 1, 3, 4, 2]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 10, "columns": ["x"], "sort": [{"column": "category", "desc": true}, {"column": "price", "desc": true}]}}
< {"result": {"data": [[5, 2, 4, 3, 1]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 10, "columns": ["x"], "where": "price BETWEEN 0.75 AND 2.5 AND category <> 'oranges'"}}
< {"result": {"rows": 2, "row_ids": [0, 3], "data": [[1, 4]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 5, "limit": 10, "columns": ["x"]}}
< {"result": {"rows": 5, "row_ids": [], "data": [[]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 0, "columns": ["x"]}}
< {"result": {"rows": 5, "row_ids": [], "data": [[]]}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 1001}}
< {"error": {"message": "/1,?000/"}}
