# a histogram: equal bins, closed left and open right, the last closed on both sides
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "output.define", "params": {"output": "h", "kind": "histogram", "table": "fruit", "x": "x", "bins": 4}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "h", "kind": "histogram", "epoch": "*number", "version": "*number", "seq": "*number", "rows": 5, "total": 5,
+ "data": {"edges": [1, 2, 3, 4, 5], "count": [1, 1, 1, 2], "value": "*none", "nulls": 0, "below": 0, "above": 0}}}
< {"method": "flush", "params": {"outputs": ["h"], "versions": {"fruit": "*number"}, "queue_ms": "*number", "compute_ms": "*number"}}
> {"method": "output.define", "params": {"output": "y", "kind": "histogram", "table": "fruit", "x": "y", "bins": 3}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "y", "data": {"edges": [1.5, 2.5, 3.5, 4.5], "count": [1, 1, 2], "nulls": 1}}}
> {"method": "output.define", "params": {"output": "d", "kind": "histogram", "table": "fruit", "x": "x", "bins": 2, "domain": [2, 4]}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "d", "data": {"edges": [2, 3, 4], "count": [1, 2], "below": 1, "above": 1}}}
> {"method": "output.define", "params": {"output": "m", "kind": "histogram", "table": "fruit", "x": "x", "bins": 2, "measure": {"fn": "sum", "column": "price"}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "m", "data": {"edges": [1, 3, 5], "count": [2, 3], "value": [4, "~5.25"]}}}
> {"method": "output.define", "params": {"output": "w", "kind": "histogram", "table": "fruit", "x": "x", "width": 2, "domain": [0, 6]}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "w", "data": {"edges": [0, 2, 4, 6], "count": [1, 2, 2]}}}
> {"method": "output.define", "params": {"output": "bad", "kind": "histogram", "table": "fruit", "x": "x", "bins": 0}}
< {"error": {"code": -32602, "message": "/bins/"}}
> {"method": "output.define", "params": {"output": "bad", "kind": "histogram", "table": "fruit", "x": "x", "bins": 1000000000}}
< {"error": {"message": "/65,?000/"}}
