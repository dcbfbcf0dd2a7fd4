"""Exactly-once turns for Faust: what lies between Faust's per-event delivery and one Kafka transaction.

`turns` says what a turn is, `transport` fetches and delivers one, `takeover` makes a worker ready for
the partitions it was given, `transaction` writes a turn's results and its offsets as one,
`changelog` keeps the accounts. `last_words` ends the process: death is the repair.
"""
