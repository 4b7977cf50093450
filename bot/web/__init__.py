"""The site: feeds to read, and the pages that the links in mails open."""
