"""Does each outside service answer as it should? One small call to each, before a city is begun."""
