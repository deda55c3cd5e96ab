"""The built-in wall: one page served by the agent, readable from 5 m; a view of the model, not a
second judgement.

`snapshot` is what the agent hands over, `model` makes of it what the page shows, `live` sends that
to every screen, `page` puts the one self-contained page together, `routes` serves all of it.
"""
