"""The stand-in of Wikidata's query service and search."""
