# a line keeps the shape of its rows, a scatter is a sample that stays
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "output.define", "params": {"output": "l", "kind": "line", "table": "fruit", "x": "x", "y": ["price"], "points": 100}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "l", "rows": 5, "data": {"x": [1, 2, 3, 4, 5], "y": {"price": [1.5, 2.5, 0.5, 0.75, 4]}}}}
> {"method": "output.define", "params": {"output": "s", "kind": "scatter", "table": "fruit", "x": "x", "y": "price", "points": 100, "where": "x > 3"}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "s", "rows": 2, "data": {"x": [4, 5], "y": [0.75, 4], "row_ids": [3, 4], "total": 2}}}
