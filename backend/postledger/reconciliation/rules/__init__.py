"""The pure rules of statements: how their lines are read, and what follows from them."""
