# a 2-D histogram is row-major with y outer
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "output.define", "params": {"output": "d", "kind": "histogram2d", "table": "fruit", "x": {"column": "x", "bins": 2}, "y": {"column": "price", "bins": 2, "domain": [0, 4]}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "d", "rows": 5, "data": {"x_edges": [1, 3, 5], "y_edges": [0, 2, 4], "count": [1, 2, 1, 1]}}}
