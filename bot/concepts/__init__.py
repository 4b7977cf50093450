"""Pure rules about concepts: the catalogue, matching, related concepts, trends."""
