"""The web application: signed links, report pages, what a login may share. Uses semantic; knows no other room."""
