"""From the bytes of a file to a clean photo: decoded, stripped of metadata, in sRGB, judged."""
