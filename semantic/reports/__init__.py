"""Reports: a declaration (definitions/) is filled into one Content (fill), which each format writes (formats)."""
