-- Closes the books: nothing is mapped any more. Lines and the versions of rules stay.
DELETE FROM finance
