"""Register a trained model, measure it, and put it in place if it is better."""
