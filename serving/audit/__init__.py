"""Who read, exported, shared and changed what: one row shape over all that the product records.

    event.py       the row
    records.py     what is written here: requests with an answer for somebody, and publishes, as files of JSON lines
    recording.py   notes each request of the web application, after its answer
    stores.py      the rows of the ledgers that exist anyway: links, tokens, settings, messages, alerts

orchestration/audit.py adds what other rooms record, and writes the file of `takings audit export`.
"""
