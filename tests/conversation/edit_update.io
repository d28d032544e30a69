# cells, filtered rows and whole columns get new values, by literals and expressions
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price,day
| apples,1,2.5,1.5,2024-01-01
| oranges,2,,2.5,2024-01-02
| figs,3,3.5,0.5,2024-01-03
| figs,4,4.5,0.75,2024-01-04
| pineapples,5,1.5,4,

> {"method": "table.describe", "params": {"table": "fruit"}}
< {"result": {"version": "%v%"}}
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [2], "set": {"x": 30, "category": "quinces \"ripe\"", "y": null}}}
< {"result": {"changed": 1, "version": "*number"}}
< {"method": "table.changed", "params": {"table": "fruit", "rows": 5, "what": "changed `x`, `category`, `y` in 1 row"}}
> {"method": "table.page", "params": {"table": "fruit"}}
< {"result": {"data": [["apples", "oranges", "quinces \"ripe\"", "figs", "pineapples"], [1, 2, 30, 4, 5],
+ [2.5, null, null, 4.5, 1.5], [1.5, 2.5, 0.5, 0.75, 4],
+ ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", null]]}}
# all right-hand sides see the old row
> {"method": "table.update", "params": {"table": "fruit", "where": "price >= 1.5 AND x < 5", "set": {"price": {"expr": "price * 10 + x"}, "x": {"expr": "x + round(price)"}, "day": {"expr": "day + 31"}}}}
< {"result": {"changed": 2}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["x", "price", "day"]}}
< {"result": {"data": [[3, 5, 30, 4, 5], [16, 27, 0.5, 0.75, 4], ["2024-02-01", "2024-02-02", "2024-01-03", "2024-01-04", null]]}}
# a whole column, by an input of the session
> {"method": "input.set", "params": {"values": {"tag": "all"}}}
< {"result": {}}
> {"method": "table.update", "params": {"table": "fruit", "set": {"category": {"expr": "$tag || x"}, "day": "2024-05-06"}}}
< {"result": {"changed": 5}}
> {"method": "table.page", "params": {"table": "fruit", "columns": ["category", "day"], "limit": 2}}
< {"result": {"data": [["all3", "all5"], ["2024-05-06", "2024-05-06"]]}}
# no row fits: nothing happens
> {"method": "table.update", "params": {"table": "fruit", "where": "x > 1000", "set": {"x": 1}}}
< {"result": {"changed": 0, "version": "%now%"}}
> {"method": "table.update", "params": {"table": "fruit", "row_ids": [], "set": {"x": 1}}}
< {"result": {"changed": 0, "version": "%now%"}}
