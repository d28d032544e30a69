# unknown methods and wrong parameters say what is wrong
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload fruit
| category,x,y,price
| apples,1,2.5,1.5
| oranges,2,,2.5
| figs,3,3.5,0.5
| figs,4,4.5,0.75
| pineapples,5,1.5,4

> {"method": "table.pages"}
< {"error": {"code": -32601, "message": "/table.pages/"}}
> {"method": "table.page", "params": {"offset": 0, "limit": 1}}
< {"error": {"code": -32602, "message": "/table/"}}
> {"method": "table.page", "params": {"table": "fruit", "offset": -1, "limit": 1}}
< {"error": {"code": -32602, "message": "/offset/"}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 10, "colour": "red"}}
< {"error": {"code": -32602, "message": "/colour/"}}
> {"method": "table.page", "params": {"table": 7, "offset": 0, "limit": 1}}
< {"error": {"code": -32602, "message": "/table/"}}
> {"method": "table.page", "params": {"table": "fruits", "offset": 0, "limit": 1}}
< {"error": {"code": -32030, "message": "/fruits/"}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 1, "columns": ["prise"]}}
< {"error": {"code": -32031, "message": "/prise/"}}
> {"method": "table.page", "params": {"table": "fruit", "offset": 0, "limit": 1, "where": "x >"}}
< {"error": {"code": -32040, "data": {"position": "*number"}}}
> {"method": "output.drop", "params": {"output": "nothing"}}
< {"error": {"code": -32032, "message": "/nothing/"}}
> {"method": "output.define", "params": {"output": "o", "kind": "pie", "table": "fruit"}}
< {"error": {"code": -32602, "message": "/pie/"}}
> {"method": "output.define", "params": {"output": "o", "kind": "histogram", "table": "fruit", "bins": 4}}
< {"error": {"code": -32602, "message": "/x/"}}
> {"method": "output.define", "params": {"output": "o", "kind": "histogram", "table": "fruit", "x": "z", "bins": 4}}
< {"error": {"code": -32031, "message": "/z/"}}
> {"method": "output.define", "params": {"output": "o", "kind": "histogram", "table": "fruit", "x": "category", "bins": 4}}
< {"error": {"code": -32041, "message": "/category/"}}
> {"method": "output.define", "params": {"output": "o", "kind": "histogram", "table": "fruit", "x": "x", "bins": 4, "select": "none"}}
< {"error": {"code": -32602, "message": "/none/"}}
> {"method": "select.define", "params": {"select": "s", "table": "fruit", "clauses": [{"column": "q", "in": "$i"}]}}
< {"error": {"code": -32031, "message": "/q/"}}
> {"method": "select.define", "params": {"select": "s", "table": "fruit", "clauses": [{"expr": "price +"}]}}
< {"error": {"code": -32040, "data": {"position": "*number"}}}
> {"method": "output.list"}
< {"result": []}
