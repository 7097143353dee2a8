"""What a chapter's notebook draws with a student's functions, one file for each chapter."""
