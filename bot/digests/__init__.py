"""Who is due when, and what each gets."""
