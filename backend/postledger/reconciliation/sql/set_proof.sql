-- Sets what the balances of a bank statement prove.
UPDATE statements SET proof = %s, proof_difference = %s WHERE id = %s
