"""Long work as rows: who asked, how far it is, whether to stop, and what came out."""
