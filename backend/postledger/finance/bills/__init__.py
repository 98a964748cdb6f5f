"""Bills: what is due to a payee for a month, rounded once, with what is carried to the next one."""
