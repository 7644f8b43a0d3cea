"""The tenant API: the chat assistant of a store, its numbers and its settings, for the store's own programs and people.

    routes.py     the addresses below /api/dashboard/{tenant_id}; access.py who asks: a token, or a login
    profile.py    the settings of the assistant, and every mistake of them at once
    history.py    every version of the settings: who changed what, and when
    page.py       the settings as a page for the store's owner
    figures.py    which question of the semantic layer each address is, and in which shape it answers

The tenant is that of the token or of the login. The address of another tenant answers like one that does not exist.
"""
