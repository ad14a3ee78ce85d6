"""The browser's modules, run for real in headless Chromium."""
