"""An embedded PostgreSQL, its databases and logins."""
