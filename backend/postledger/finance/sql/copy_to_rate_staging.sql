-- Fills the rates of a file.
COPY new_rates (currency, on_day, rate) FROM STDIN (FORMAT binary)
