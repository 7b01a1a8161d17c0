"""Money that goes back, and our own mistakes about gifts mended: asked by one, agreed by another."""
