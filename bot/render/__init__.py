"""A digest to a message: templates, inlined CSS, MIME."""
