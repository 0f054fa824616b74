"""What the research room announces."""

SCREEN_MATCHED = "research.screen_matched"
"""{screen_id, name, instruments, matched}: a saved screen was run and these instruments answer it that did not before;
`matched` counts all that do."""
