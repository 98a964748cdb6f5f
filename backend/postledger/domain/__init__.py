"""The decisions of Postledger: pure functions over values, with the clock's reading passed in."""
