-- Makes all reads of this transaction see the same state. It must be the first statement of the transaction.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
