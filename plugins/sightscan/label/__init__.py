"""Label: boxes from Google Vision, each photo paid for once, as labels that can be trusted."""
