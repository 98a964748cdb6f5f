-- Sets what the balances of a bank statement prove, and the opening balance, which can follow from the statement before.
UPDATE statements SET proof = %s, proof_difference = %s, opening = %s WHERE id = %s
