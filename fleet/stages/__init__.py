"""One file per stage: the facts it observes and the pure decision of what is left to do."""
