"""What the app's server answers besides Streamlit's pages: files, cities, models, one photo at a time."""
