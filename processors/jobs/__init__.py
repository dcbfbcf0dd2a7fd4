"""What the clock starts. Each job finds what is due and says so as actions; it never moves a point itself.

A module is a job: `due` and its kin are pure and take the moment as an argument; `run` reads what is
known, asks them, and sends. Nothing is remembered between two runs but what was sent a moment ago, so
any number of workers may run, stop and start again: what is due and not yet seen done is said again.
"""
