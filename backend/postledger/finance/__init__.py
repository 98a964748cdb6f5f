"""What conversions make payable or receivable: payees, rates, rules, and the lines that follow from them."""
