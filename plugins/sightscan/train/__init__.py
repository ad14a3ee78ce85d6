"""Bring a dataset to a GPU host, have it trained there, bring the model back."""
