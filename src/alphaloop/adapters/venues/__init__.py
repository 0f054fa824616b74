"""Where orders go. Plugs load by file name; the contract says what each must offer."""
