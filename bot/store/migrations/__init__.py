"""The steps by which a database comes to the shape that bot.models describes."""

#: The newest step; a database at another one is not used.
HEAD = "0010"
