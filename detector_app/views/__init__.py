"""The pages of the app: each file is one page, registered by `app.py`.

Not in a folder named `pages`: Streamlit would run its files as pages by themselves, and show an empty
one to whoever opens an address of theirs first.
"""
