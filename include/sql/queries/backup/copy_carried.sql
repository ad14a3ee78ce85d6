copy carried (table_name, content) from stdin
