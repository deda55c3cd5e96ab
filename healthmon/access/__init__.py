"""Who may do what: roles, the users file, passwords. The web pages and the commands ask it."""
