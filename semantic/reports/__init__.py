"""Named reports: what they hold is data (definitions), report fills them, csv writes the files."""
