"""The API: what anybody may read as JSON, signing up from elsewhere, and what an admin's programs do."""
