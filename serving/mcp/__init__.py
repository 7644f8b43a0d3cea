"""A server for assistants (Model Context Protocol): the tenant's metrics, reports and alerts as tools, read-only.

tools.py     what an assistant may call, with the schemas of arguments and results
results.py   the results: as the API's answers, and as text that no number leaves without its facts
server.py    the official SDK's server, over stdio for one tenant, and over HTTP with the API's bearer tokens
"""
