"""Back up and restore the database: one snapshot, checked contents, atomic publication, swap by rename."""
