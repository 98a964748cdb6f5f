-- An empty database for a restored ledger.
CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'
