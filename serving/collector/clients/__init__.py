"""What runs inside your own programs and sends records to `POST /collect`. It imports nothing else of Takings.

sender.py     sends records in the background: the standard library alone
langchain.py  a callback handler for LangChain: langchain-core and sender.py

An application that does not install Takings can have a copy of this folder.
"""
