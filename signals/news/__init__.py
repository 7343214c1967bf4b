"""Articles and feeds, in any language, become dated events with their market claims."""
