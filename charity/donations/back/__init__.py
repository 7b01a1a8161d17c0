"""Money that goes back, and mistakes about gifts mended: asked by one, agreed by another."""
