# an exclusive socket takes the session over from the others
> {"method": "session.open", "params": {}}
< {"result": {"token": "%token%"}}

@socket other
> {"method": "session.open", "params": {"resume": "%token%", "exclusive": true}}
< {"result": {"resumed": true}}
@socket main
@closed 4409
@socket other
> {"method": "session.info"}
< {"result": {"connections": 1}}
