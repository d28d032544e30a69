# a derived table follows its sources, inputs and selection, once for all that read it
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}
@upload trips
| id,fruit,price
| 1,figs,1
| 2,figs,2
| 3,apples,4
| 4,kiwi,8

> {"method": "select.define", "params": {"select": "some", "table": "trips", "clauses": [{"column": "fruit", "in": "$fruits"}]}}
< {"result": {}}
> {"method": "table.create", "params": {"table": "sums", "from": "trips", "select": "some", "where": "price > coalesce($least, 0)", "group_by": ["fruit"], "measures": {"sum": {"fn": "sum", "column": "price"}}}}
< {"result": {"table": "sums", "version": 1, "rows": 3}}
# one more over it
> {"method": "table.create", "params": {"table": "total", "from": "sums", "measures": {"all": {"fn": "sum", "column": "sum"}, "fruits": {"fn": "count"}}}}
< {"result": {"rows": 1}}
> {"method": "output.define", "params": {"output": "v", "kind": "value", "table": "total", "measures": {"all": {"fn": "max", "column": "all"}, "fruits": {"fn": "max", "column": "fruits"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "v", "data": {"measures": {"all": 15, "fruits": 3}}}}
> {"method": "output.define", "params": {"output": "w", "kind": "groupby", "table": "sums", "by": ["fruit"], "measures": {"s": {"fn": "max", "column": "sum"}}}}
< {"result": {}}
< {"method": "output.value", "params": {"output": "w", "data": {"measures": {"s": [4, 3, 8]}}}}
@forget

# an edit of the source: both outputs show it in one flush
> {"method": "table.update", "params": {"table": "trips", "row_ids": [0], "set": {"price": 11}}}
< {"result": {"changed": 1}}
< {"method": "output.value", "params": {"output": "v", "data": {"measures": {"all": 25, "fruits": 3}}}}
< {"method": "output.value", "params": {"output": "w", "data": {"measures": {"s": [4, 13, 8]}}}}
< {"method": "table.changed", "params": {"table": "sums", "version": 2, "rows": 3}}
< {"method": "table.changed", "params": {"table": "total", "version": 2, "rows": 1}}

# an input of its condition, and one of its selection
> {"method": "input.set", "params": {"values": {"least": 3}, "epoch": 5}}
< {"result": {"epoch": 5}}
< {"method": "output.value", "params": {"output": "v", "data": {"measures": {"all": 23, "fruits": 3}}}}
< {"method": "flush", "params": {"epoch": 5, "outputs": ["v", "w"], "versions": {"sums": 3, "total": 3}}}
> {"method": "input.set", "params": {"values": {"fruits": ["figs"]}, "epoch": 6}}
< {"result": {"epoch": 6}}
< {"method": "output.value", "params": {"output": "v", "data": {"measures": {"all": 11, "fruits": 1}}}}
< {"method": "flush", "params": {"epoch": 6, "outputs": ["v", "w"]}}
# an input that nothing follows makes no version
> {"method": "input.set", "params": {"values": {"other": 1}, "epoch": 7}}
< {"result": {"epoch": 7}}
< {"method": "flush", "params": {"epoch": 7, "outputs": []}}
> {"method": "table.list", "params": {}}
< {"result": [{"table": "trips", "derived": "*none"}, {"table": "sums", "version": 4, "derived": true, "stale": false}, {"table": "total", "version": 4}]}

# nothing reads it: it is not made; a page makes it
> {"method": "output.drop", "params": {"output": "v"}}
< {"result": {}}
> {"method": "output.drop", "params": {"output": "w"}}
< {"result": {}}
> {"method": "input.set", "params": {"values": {"fruits": null, "least": null}}}
< {"result": {}}
> {"method": "table.list", "params": {}}
< {"result": [{"table": "trips"}, {"table": "sums", "version": 4, "rows": 1, "stale": true}, {"table": "total", "version": 4, "stale": true}]}
> {"method": "table.page", "params": {"table": "total"}}
< {"result": {"version": 5, "data": [[25], [3]]}}
> {"method": "table.list", "params": {}}
< {"result": [{"table": "trips"}, {"table": "sums", "version": 5, "rows": 3, "stale": false}, {"table": "total", "version": 5, "stale": false}]}

# undo goes through as well
> {"method": "table.undo", "params": {"table": "trips"}}
< {"result": {}}
> {"method": "table.page", "params": {"table": "total"}}
< {"result": {"data": [[15], [3]]}}
> {"method": "table.describe", "params": {"table": "sums"}}
< {"result": {"version": 6, "rows": 3}}
