"""What crosses a boundary: actions, results, accounts, programs, topics. Imports nothing of ours."""
