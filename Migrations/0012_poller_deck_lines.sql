-- A deck that follows another keeps rows of the earlier one, and a line of a file may stand for several prefixes, so a row's number in
-- its load is no longer its line in a file. Locks rate_deck_entries for an instant: the new column is empty.

-- The row's line in the file that its load was made of; null where the row came from the deck before.
ALTER TABLE billing.rate_deck_entries ADD COLUMN source_line integer;
