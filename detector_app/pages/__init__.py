"""The pages of the app: each file is one page, registered by `app.py`."""
